import type { FairTurns } from "../fair-turns.js";
import type { WeightsPool } from "../sampling/open-weights.js";
import type { ServedBase } from "../served-base.js";
import type { Sessions } from "../sessions.js";
import type { Checkpoints } from "../state/checkpoints.js";
import type { RequestRecord } from "../state/future-files.js";
import type { JsonRecords } from "../state/json-records.js";
import type { ModelFiles } from "../state/model-files.js";
import type { Outcome } from "../state/outcome.js";
import type { TrainingModel } from "../training/training-model.js";

/** Weights under a name, to sample from. */
export interface SamplerRecord {
  readonly id: string;
  readonly session: string;
  readonly baseModel: string;
  /** The checkpoint it reads, as clients name it; null: the base alone, or weights that have no name. */
  readonly modelPath: string | null;
  /** Folder of the adapter; null: the base alone. */
  readonly folder: string | null;
}

/** Bounds of a server, all with defaults; see `TinkerServerOptions`. */
export interface ServiceLimits {
  readonly maxModels: number;
  readonly maxSequences: number;
  readonly maxSamples: number;
  readonly maxOutstanding: number;
  readonly gapTimeoutMs: number;
}

/** All that requests work with. */
export interface ServiceContext {
  readonly bases: readonly ServedBase[];
  readonly limits: ServiceLimits;
  readonly sessions: Sessions;
  readonly models: Map<string, TrainingModel>;
  readonly modelFiles: ModelFiles;
  readonly checkpoints: Checkpoints;
  /** Weights of sampling sessions that have no name; they end with their session. */
  readonly unnamed: Checkpoints;
  readonly samplers: Map<string, SamplerRecord>;
  readonly samplerRecords: JsonRecords<SamplerRecord>;
  readonly weights: WeightsPool;
  /** Passes: one at a time. */
  readonly compute: FairTurns;
  /** Sequences that are decoded. */
  readonly sequences: FairTurns;
  /** Lets requests that have arrived be taken. */
  readonly gather: () => Promise<void>;
  readonly now: () => number;
  readonly counts: { sampledTokens: number; trainedTokens: number };
}

/** A request that was understood and checked as far as can be at once. */
export interface Plan {
  readonly session: string;
  /** The client's own name for it. */
  readonly key?: string | undefined;
  /** In whose order it runs; without one it runs as it comes. */
  readonly model?: TrainingModel;
  readonly seq?: number | undefined;
  /** Of a sample without one. */
  readonly seed?: number;
  /** More fields of the promise. */
  readonly handle?: (id: string) => Readonly<Record<string, unknown>>;
  run(record: RequestRecord, signal: AbortSignal): Promise<Outcome>;
}
