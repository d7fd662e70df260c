import { RetoolError } from "@retool-ts/core";
import { runAgent, type AgentOptions } from "./agent-loop.js";
import type { Sampler } from "./sampler.js";
import type { Trajectory } from "./trajectory.js";

/** A problem ready to be rolled out. */
export interface RolloutPrompt {
  readonly problemId: string;
  readonly promptIds: readonly number[];
}

export interface RolloutBatchOptions extends AgentOptions {
  /** Rollouts a problem. */
  readonly samples: number;
  /** Names the random numbers, together with seed, problem and sample. */
  readonly step: number;
  /** Called as rollouts end. */
  readonly onRollout?: (done: number, total: number, trajectory: Trajectory) => void;
}

/**
 * Rolls out a batch of problems, as many at once as the sampler holds. Each prompt is computed once for all of its samples, rows go
 * on decoding while others wait for tools, and freed places are filled as groups end.
 *
 * When a rollout fails the others are aborted, and the first error is thrown once all sequences are closed.
 *
 * @returns one group a problem, in the order given, whatever order they ended in.
 */
export async function rolloutBatch(prompts: readonly RolloutPrompt[], options: RolloutBatchOptions): Promise<Trajectory[][]> {
  const { sampler, samples, step } = options;
  if (!Number.isSafeInteger(samples) || samples < 1) {
    throw new RetoolError("SAMPLES", `rolloutBatch: samples: expected a whole number from 1, got ${samples}`);
  }
  const failure = new AbortController();
  const signal = options.signal === undefined ? failure.signal : AbortSignal.any([options.signal, failure.signal]);
  const errors: unknown[] = [];
  const fail = (error: unknown) => {
    errors.push(error);
    failure.abort();
  };
  const groups: Trajectory[][] = prompts.map(() => []);
  const running = new Set<Promise<unknown>>();
  let done = 0;
  let next = 0;

  const rollOut = async (index: number, sampleIndex: number, sequence: number) => {
    const { promptIds, problemId } = prompts[index]!;
    try {
      const trajectory = await runAgent(sequence, promptIds, { step, problemId, sampleIndex }, { ...options, signal });
      groups[index]![sampleIndex] = trajectory;
      options.onRollout?.(++done, prompts.length * samples, trajectory);
    } catch (error) {
      fail(error);
    }
    sampler.close(sequence);
  };
  const startGroup = (index: number, sequences: readonly number[]) => {
    const rollouts = sequences.map((sequence, sampleIndex) => rollOut(index, sampleIndex, sequence).catch(fail));
    const group: Promise<unknown> = Promise.all(rollouts).then(() => running.delete(group));
    running.add(group);
  };

  while (next < prompts.length && errors.length === 0) {
    const fitting = Math.min(Math.floor(sampler.available / samples), prompts.length - next);
    if (fitting > 0) {
      const first = next;
      next += fitting;
      try {
        const opened = await openGroups(prompts.slice(first, next), sampler, samples, signal);
        opened.forEach((sequences, i) => startGroup(first + i, sequences));
      } catch (error) {
        fail(error);
      }
    } else if (running.size > 0) {
      await Promise.race(running);
    } else {
      fail(
        new RetoolError(
          "SAMPLER_TOO_SMALL",
          `rolloutBatch: a group of ${samples} does not fit a sampler with ${sampler.available} free sequences`,
        ),
      );
    }
  }
  await Promise.all(running);
  if (errors.length > 0) throw errors[0];
  return groups;
}

/** One sequence a sample for each prompt, with the prompt computed once; when that fails, nothing stays open. */
async function openGroups(prompts: readonly RolloutPrompt[], sampler: Sampler, samples: number, signal: AbortSignal): Promise<number[][]> {
  const opened: number[] = [];
  const keep = (sequence: number) => {
    opened.push(sequence);
    return sequence;
  };
  try {
    const firsts = prompts.map(({ promptIds }) => keep(sampler.open(promptIds)));
    const fitting = firsts.filter((_, i) => prompts[i]!.promptIds.length < sampler.maxLength); // the others end as contextFull
    if (samples > 1 && fitting.length > 0 && !signal.aborted) await sampler.prefill(fitting);
    return firsts.map((first) => [first, ...Array.from({ length: samples - 1 }, () => keep(sampler.fork(first)))]);
  } catch (error) {
    for (const sequence of opened) sampler.close(sequence);
    throw error;
  }
}
