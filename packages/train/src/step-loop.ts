import type { LogRecord } from "@retool-ts/runs";
import type { RunParts } from "./train-context.js";
import { Watch } from "./watch.js";

/** One finished step. */
export interface FinishedStep<State> {
  readonly state: State;
  readonly metrics: LogRecord;
  readonly timings?: LogRecord;
  /** Beside the bar. */
  readonly note?: string;
  /** Write a checkpoint now. */
  readonly save: boolean;
  /** Go no further. */
  readonly stop?: boolean;
}

/** Steps of one kind. */
export interface StepLoop<State> {
  /** Of the progress bar; without one there is none. */
  readonly label?: string;
  readonly steps: number;
  /** Steps that a state has behind it. */
  count(state: State): number;
  /** Does one step, or nothing: undefined when it was interrupted and the state is still the one before. */
  step(state: State): Promise<FinishedStep<State> | undefined>;
  save(state: State): Promise<void>;
  /** False where rollouts of equal score teach something as well. Default true. */
  readonly learnsFromScores?: boolean;
  /** Beside the finished bar. */
  summary?(state: State): string;
}

/**
 * Step after step until all are done: record, checkpoint, progress. An interruption saves the state before the step and throws.
 *
 * @returns the state after the last step
 */
export async function runSteps<State, Closure>(
  { recorder, reporter, signal, onMetrics }: RunParts<Closure>,
  loop: StepLoop<State>,
  from: State,
): Promise<State> {
  const { label, steps, count } = loop;
  const bar = label === undefined ? undefined : reporter.progress(label, steps, count(from));
  const watch = new Watch(reporter, { learnsFromScores: loop.learnsFromScores ?? true });
  let state = from;
  while (count(state) < steps) {
    const finished = await loop.step(state);
    if (finished === undefined) {
      await loop.save(state);
      throw signal?.reason ?? new Error("interrupted");
    }
    state = finished.state;
    await recorder.appendMetrics(finished.metrics);
    if (finished.timings !== undefined) await recorder.appendTimings?.({ ...finished.timings, ...memory() });
    await onMetrics?.(finished.metrics);
    watch.see(finished.metrics);
    if (finished.save) await loop.save(state);
    bar?.update(count(state), finished.note);
    if (finished.stop === true) break;
  }
  bar?.done(loop.summary?.(state));
  return state;
}

/** Memory of the process; nothing where there is no process to ask, as in a browser. */
function memory(): Readonly<Record<string, number>> {
  if (typeof process === "undefined" || typeof process.memoryUsage !== "function") return {};
  return { "memory/rss_mib": process.memoryUsage().rss / 2 ** 20 };
}
