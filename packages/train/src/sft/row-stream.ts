import type { TrainingRow } from "@retool-ts/engine";

/** Rows of a stage of supervised training: a pure function of seed, stage and how many were taken before. */
export interface RowStream {
  take(count: number): Promise<TrainingRow[]>;
  /** Passes over rows that were trained on before an interruption: called once, before anything is taken. */
  skip(count: number): Promise<void>;
  /** Rows that are never trained on, always the same. */
  heldOut(count: number): Promise<TrainingRow[]>;
  /** The rows in a few words. */
  describe(): string;
}
