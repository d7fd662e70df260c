import { defined } from "@retool-ts/core";
import type { EngineSampler } from "@retool-ts/engine";
import type { SamplingWeights, ServedBase } from "../served-base.js";

/** Weights in memory, and the sampler that all their requests share. */
export interface OpenedWeights {
  readonly weights: SamplingWeights;
  readonly sampler: EngineSampler;
}

interface Entry {
  readonly opened: Promise<OpenedWeights>;
  users: number;
}

/** Options of {@link WeightsPool}. */
export interface WeightsPoolOptions {
  /** Sequences of one sampler. */
  readonly maxSequences: number;
  /** Weights that stay in memory when nobody uses them. */
  readonly idle: number;
}

/** Opens weights when they are first sampled from, and keeps those that were used last. */
export class WeightsPool {
  readonly #options: WeightsPoolOptions;
  /** By base and folder; the least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: WeightsPoolOptions) {
    this.#options = options;
  }

  /** Weights in memory. */
  get size(): number {
    return this.#entries.size;
  }

  /** Does work with weights: a base alone, or with the adapter of a folder. */
  async use<T>(base: ServedBase, folder: string | undefined, work: (opened: OpenedWeights) => Promise<T>): Promise<T> {
    const key = `${base.name}\n${folder ?? ""}`;
    const entry = this.#entries.get(key) ?? { opened: this.#open(base, folder), users: 0 };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      return await work(await entry.opened);
    } catch (error) {
      if (await isBroken(entry)) this.#entries.delete(key);
      throw error;
    } finally {
      entry.users--;
      await this.#shrink();
    }
  }

  /** Frees all weights; nobody may use them any more. */
  async dispose(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) await free(entry);
  }

  async #open(base: ServedBase, folder: string | undefined): Promise<OpenedWeights> {
    const weights = await base.openWeights(folder);
    const { vocabSize, maxPositions } = weights.model;
    const { textStream, unusedTokenIds } = base;
    const size = { maxSequences: this.#options.maxSequences, maxLength: maxPositions, vocabSize: base.vocabSize ?? vocabSize };
    try {
      return { weights, sampler: await weights.sampler({ ...size, ...defined({ textStream, unusedTokenIds }) }) };
    } catch (error) {
      weights.dispose();
      throw error;
    }
  }

  async #shrink(): Promise<void> {
    let excess = this.#entries.size - this.#options.idle;
    for (const [key, entry] of this.#entries) {
      if (excess <= 0) return;
      if (entry.users > 0) continue;
      this.#entries.delete(key);
      excess--;
      await free(entry);
    }
  }
}

function isBroken({ opened }: Entry): Promise<boolean> {
  return opened.then(
    () => false,
    () => true,
  );
}

async function free(entry: Entry): Promise<void> {
  if (await isBroken(entry)) return;
  const { sampler, weights } = await entry.opened;
  sampler.dispose();
  weights.dispose();
}
