import type { SamplerOptions, TextStream } from "@retool-ts/engine";

/** Finds stop strings in the text of tokens; one may begin in one token and end inside another. */
export class StopScanner {
  readonly #stream: TextStream;
  readonly #stops: readonly string[];
  /** Characters that a later match keeps back. */
  readonly #keep: number;
  #tail = "";

  constructor(stream: TextStream, stops: readonly string[]) {
    this.#stream = stream;
    this.#stops = stops;
    this.#keep = Math.max(...stops.map(({ length }) => length)) - 1;
  }

  /** The stop string that a token completes; of several, the one that begins first. */
  push(tokenId: number): string | undefined {
    const text = this.#tail + this.#stream.push(tokenId);
    this.#tail = this.#keep > 0 ? text.slice(-this.#keep) : "";
    const found = this.#stops.filter((stop) => text.includes(stop));
    return found.toSorted((a, b) => text.indexOf(a) - text.indexOf(b))[0];
  }
}

/** Ids whose whole text is a stop string: a server that is sent ids stops by them. Others are found in the text that comes back. */
export class StopIds {
  readonly #found = new Map<string, number | undefined>();

  /** @returns the id, or undefined when no single token has this text. */
  of(stop: string, { vocabSize, textStream }: Pick<SamplerOptions, "vocabSize" | "textStream">): number | undefined {
    if (!this.#found.has(stop)) {
      let id: number | undefined;
      for (let candidate = 0; textStream !== undefined && candidate < vocabSize && id === undefined; candidate++) {
        if (textStream().push(candidate) === stop) id = candidate;
      }
      this.#found.set(stop, id);
    }
    return this.#found.get(stop);
  }
}
