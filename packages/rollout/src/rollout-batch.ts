import { RetoolError } from "@retool-ts/core";
import { runAgent, type AgentOptions } from "./agent-loop.js";
import { journaledSampler } from "./resume-rollout.js";
import type { RolloutJournal } from "./rollout-journal.js";
import type { Trajectory } from "./trajectory.js";

/** A problem ready to be rolled out. */
export interface RolloutPrompt {
  readonly problemId: string;
  /** Handed to tools, as it is. */
  readonly problem?: unknown;
  readonly promptIds: readonly number[];
}

export interface RolloutBatchOptions extends AgentOptions {
  /** Rollouts a problem. */
  readonly samples: number;
  /** Names the random numbers, together with seed, problem and sample. */
  readonly step: number;
  /** Keeps what is sampled, and gives back what a batch that was interrupted had sampled; {@link journaledTools} does so for tools. */
  readonly journal?: RolloutJournal;
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
  const { sampler, samples, step, journal } = options;
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
    const { promptIds, problemId, problem } = prompts[index]!;
    try {
      const key = { step, problemId, sampleIndex, problem };
      const own = journal === undefined ? sampler : journaledSampler(sampler, promptIds, key, journal);
      const trajectory = await runAgent(sequence, promptIds, key, { ...options, sampler: own, signal });
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
        const opened = await openGroups(prompts.slice(first, next), { ...options, signal });
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
async function openGroups(
  prompts: readonly RolloutPrompt[],
  { sampler, samples, signal, journal }: RolloutBatchOptions,
): Promise<number[][]> {
  const opened: number[] = [];
  const keep = (sequence: number) => {
    opened.push(sequence);
    return sequence;
  };
  try {
    const firsts = prompts.map(({ promptIds }) => keep(sampler.open(promptIds)));
    const sampleIndices = Array.from({ length: samples }, (_, sampleIndex) => sampleIndex);
    const hasFirstTurns = ({ problemId }: RolloutPrompt) =>
      journal !== undefined && sampleIndices.every((sampleIndex) => journal.turn({ problemId, sampleIndex }, 0)?.end !== undefined);
    const isShared = (prompt: RolloutPrompt) => prompt.promptIds.length < sampler.maxLength && !hasFirstTurns(prompt); // longer ones end as contextFull
    const fitting = firsts.filter((_, i) => isShared(prompts[i]!));
    if (samples > 1 && fitting.length > 0 && signal?.aborted !== true) await sampler.prefill(fitting);
    return firsts.map((first) => [first, ...Array.from({ length: samples - 1 }, () => keep(sampler.fork(first)))]);
  } catch (error) {
    for (const sequence of opened) sampler.close(sequence);
    throw error;
  }
}
