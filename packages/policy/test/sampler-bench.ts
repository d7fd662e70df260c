import type { TurnRequest, TurnTokens } from "@retool-ts/engine";
import { streamKey, uniformAt } from "@retool-ts/core";
import { beforeEach, expect } from "vitest";
import { useBackend, type BackendName } from "../src/backend.js";
import type { LocalSamplerOptions } from "../src/sampler/decode-request.js";
import { LocalEngine } from "../src/local-engine.js";
import { Parameters } from "../src/parameters.js";
import type { LocalSampler } from "../src/sampler/sampler.js";
import { NATIVE } from "./backends.js";
import { ADAMW, TINY } from "./tiny.js";

/** Text of each id of the tiny model. */
export const LETTERS = "abcdefghijklmnopqrstuvwxyz<>/";
export const OPTIONS: LocalSamplerOptions = {
  maxSequences: 8,
  maxLength: 96,
  vocabSize: 29,
  textStream: () => ({ push: (id) => LETTERS[id]! }),
};
export const PROMPTS = [[3], [1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 8, 7], [4, 4, 4, 4, 4, 4]];

export function request(seed: number, maxTokens: number, more: Partial<TurnRequest> = {}): TurnRequest {
  const key = streamKey(seed, ["decode"]);
  return { temperature: 1, topP: 1, topK: 0, maxTokens, uniform: (position) => uniformAt(key, position), ...more };
}

export function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!), `place ${i}`).toBeLessThan(tolerance));
}

/** An engine over random weights and a sampler of it, of each test's own. */
export class SamplerBench {
  readonly backend: BackendName;
  readonly engine: LocalEngine;
  readonly sampler: LocalSampler;

  private constructor(backend: BackendName, engine: LocalEngine, sampler: LocalSampler) {
    this.backend = backend;
    this.engine = engine;
    this.sampler = sampler;
  }

  /** Makes one before each test, and disposes of it afterwards. */
  static beforeEach(backend: BackendName, use: (bench: SamplerBench) => void): void {
    beforeEach(async () => {
      await useBackend(backend);
      const parameters = Parameters.initialize(TINY, { seed: 11, embeddingStd: 0.2 });
      const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 1000 });
      const bench = new SamplerBench(backend, engine, await engine.sampler(OPTIONS));
      use(bench);
      return () => {
        bench.sampler.dispose();
        bench.engine.dispose();
        bench.engine.parameters.dispose();
      };
    });
  }

  /** Opens, decodes and closes. */
  async once(prompt: readonly number[], decode: TurnRequest): Promise<TurnTokens> {
    const id = this.sampler.open(prompt);
    try {
      return await this.sampler.decode(id, decode);
    } finally {
      this.sampler.close(id);
    }
  }

  async trainerLogProbs(prompt: readonly number[], sampled: readonly number[], temperature = 1): Promise<number[]> {
    const tokenIds = [...prompt, ...sampled];
    const [row] = await this.engine.logProbs([{ tokenIds, lossMask: tokenIds.map(() => 1) }], { temperature });
    return [...row!.subarray(prompt.length)];
  }

  /** To the bit where sums do not depend on the shape of a batch. */
  expectSame(actual: TurnTokens, expected: TurnTokens): void {
    const native = this.backend === NATIVE;
    if (native) expectClose(actual.logProbs, expected.logProbs, 1e-5);
    expect(native ? { ...actual, logProbs: expected.logProbs } : actual).toEqual(expected);
  }
}
