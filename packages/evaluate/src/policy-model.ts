import type { Tokenizer } from "@retool-ts/data";
import type { Engine, SamplingEngine } from "@retool-ts/engine";

/** Weights that sample, and the tokenizer that belongs to them. */
export interface SamplingModel {
  readonly engine: SamplingEngine;
  readonly tokenizer: Tokenizer;
  /** Ids that end a text. */
  readonly eosTokenIds: readonly number[];
  /** Ids that the tokenizer has no token for, or that are reserved: never sampled. */
  readonly unusedTokenIds?: readonly number[];
}

/** A policy ready to sample and learn. */
export interface PolicyModel<Closure = never> extends SamplingModel {
  readonly engine: Engine<Closure>;
  /** Writes what a checkpoint of the policy is to hold, such as a Hugging Face folder; default: the engine's state. */
  readonly save?: (folder: string) => Promise<void>;
}
