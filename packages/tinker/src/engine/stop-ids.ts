import type { SamplerOptions } from "@retool-ts/engine";

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
