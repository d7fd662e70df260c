import type { EngineModel } from "@retool-ts/engine";
import type { TinkerClient } from "../client/tinker-client.js";
import type { ServerSemantics } from "./server-semantics.js";

/** Constants of AdamW, by the names of `@retool-ts/policy`. */
export interface TinkerOptimizer {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Infinity = no clipping. */
  readonly maxGradNorm: number;
}

/** What an engine is made of. */
export interface TinkerEngineOptions {
  readonly client: TinkerClient;
  /** As the server names it. */
  readonly baseModel: string;
  /** Of the adapter. */
  readonly rank: number;
  /** Facts about the base model, such as its config has. */
  readonly model: Pick<EngineModel, "vocabSize" | "maxPositions" | "parameters">;
  readonly optimizer: TinkerOptimizer;
  /** What `probeServer` found. */
  readonly semantics: ServerSemantics;
  readonly seed?: number;
  /** Begins the names of what is kept on the server; letters, digits, `-` and `_`. Default: `retool-` and random digits. */
  readonly runName?: string;
  /** Hears of what a person would want to know, once each. */
  readonly say?: (text: string) => void;
  readonly signal?: AbortSignal;
}
