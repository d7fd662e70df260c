import type { RolloutJournal } from "@retool-ts/rollout";
import type { LogRecord, RecordLabel, RecordSource } from "@retool-ts/runs";
import type { RunState } from "./train-state.js";

/** A checkpoint to be written. */
export interface CheckpointRequest {
  /** Steps of the whole run; names the checkpoint. */
  readonly step: number;
  readonly state: RunState;
  /** Checkpoints that stay beside the newest. */
  readonly keep: number;
  /** The step that did best on held-out problems; its checkpoint is never removed. */
  readonly best?: { readonly step: number; readonly accuracy: number } | undefined;
  /** Tells journals of rollouts that are still of use after this checkpoint from those that are not. */
  keepsJournal(name: string): boolean;
}

/** A journal that holds a file open. */
export interface OpenJournal extends RolloutJournal {
  close(): void;
}

/**
 * Keeps what training gives: a `RunFolder` of `@retool-ts/runs` is one. Methods that are left out are things that are not kept: without
 * `saveCheckpoint` a run cannot go on after its end, without `openJournal` an interrupted step is sampled again.
 */
export interface Recorder {
  /** Records that are the same for equal runs. */
  appendMetrics(record: LogRecord): Promise<void>;
  /** Records of wall and processor time. */
  appendTimings?(record: LogRecord): Promise<void>;
  writeRollouts?(name: number | string, rollouts: readonly RecordSource[], label: RecordLabel): Promise<unknown>;
  /**
   * Makes a folder, has it written, and makes it count; then removes what is not kept.
   *
   * @returns the folder
   */
  saveCheckpoint?(request: CheckpointRequest, write: (folder: string) => Promise<void>): Promise<string>;
  latestCheckpoint?(): Promise<{ readonly path: string } | undefined>;
  /** Path of something that a run keeps beside its checkpoints. */
  file?(name: string): string;
  openJournal?(name: string, identity: string, notice: (text: string) => void): OpenJournal;
}

/** Keeps metrics in memory, and nothing else. */
export class MemoryRecorder implements Recorder {
  readonly metrics: LogRecord[] = [];

  async appendMetrics(record: LogRecord): Promise<void> {
    this.metrics.push(record);
  }
}
