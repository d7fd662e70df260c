import type { TextStream } from "./sampler.js";

/** Finds stop strings in the text of sampled tokens; one may begin in one token and end inside another. */
export class StopStringScanner {
  readonly #stream: TextStream;
  readonly #stops: readonly string[];
  /** Characters that a later match keeps back. */
  readonly #keep: number;
  #tail = "";

  constructor(stream: TextStream, stops: readonly string[]) {
    this.#stream = stream;
    this.#stops = stops;
    this.#keep = Math.max(...stops.map((stop) => stop.length)) - 1;
  }

  /** The stop string that this token completes; of several, the one that begins first. */
  push(tokenId: number): string | undefined {
    const text = this.#tail + this.#stream.push(tokenId);
    this.#tail = this.#keep > 0 ? text.slice(-this.#keep) : "";
    const found = this.#stops.filter((stop) => text.includes(stop));
    return found.sort((a, b) => text.indexOf(a) - text.indexOf(b))[0];
  }
}
