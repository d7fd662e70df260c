import type { LogRecord } from "@retool-ts/runs";
import { MemoryJournal } from "@retool-ts/rollout";
import type { CheckpointRequest, OpenJournal, Recorder, RunState } from "../src/index.js";

/** A run folder without a disk: records, checkpoints by step, and journals. */
export class MemoryRun implements Recorder {
  metrics: LogRecord[] = [];
  readonly rollouts = new Map<number | string, readonly { readonly advantage?: number | undefined }[]>();
  readonly states: { readonly path: string; readonly state: RunState }[] = [];
  readonly #journals = new Map<string, { readonly identity: string; readonly journal: MemoryJournal }>();

  async appendMetrics(record: LogRecord): Promise<void> {
    this.metrics.push(record);
  }

  async writeRollouts(name: number | string, rollouts: readonly { readonly advantage?: number | undefined }[]): Promise<void> {
    this.rollouts.set(name, rollouts);
  }

  async saveCheckpoint({ step, state }: CheckpointRequest, write: (folder: string) => Promise<void>): Promise<string> {
    const path = `step-${step}`;
    await write(path);
    this.states.push({ path, state });
    return path;
  }

  async latestCheckpoint(): Promise<{ readonly path: string } | undefined> {
    return this.states.at(-1);
  }

  file(name: string): string {
    return name;
  }

  openJournal(name: string, identity: string): OpenJournal {
    const known = this.#journals.get(name);
    const journal = known?.identity === identity ? known.journal : new MemoryJournal();
    this.#journals.set(name, { identity, journal });
    return Object.assign(Object.create(journal) as MemoryJournal, { close() {} }, bound(journal));
  }

  /** Forgets records past the newest checkpoint, as a run that goes on does. */
  rewind(): RunState {
    const { state } = this.states.at(-1)!;
    this.metrics = this.metrics.filter(({ step }) => Number(step) <= state.totalSteps);
    return state;
  }
}

function bound(journal: MemoryJournal) {
  return {
    turn: journal.turn.bind(journal),
    addTokens: journal.addTokens.bind(journal),
    outcome: journal.outcome.bind(journal),
    addOutcome: journal.addOutcome.bind(journal),
  };
}
