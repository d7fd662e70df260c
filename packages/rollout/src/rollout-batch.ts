import { RetoolError } from "@retool-ts/core";
import { runAgent, type AgentOptions } from "./agent-loop.js";
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
 * @returns one group a problem, in the order given, whatever order they ended in.
 */
export async function rolloutBatch(prompts: readonly RolloutPrompt[], options: RolloutBatchOptions): Promise<Trajectory[][]> {
  const { sampler, samples } = options;
  const groups: Trajectory[][] = [];
  const total = prompts.length * samples;
  let done = 0;
  let next = 0;
  const running = new Set<Promise<void>>();
  const start = (index: number, prompt: number) => {
    const { promptIds, problemId } = prompts[index]!;
    const rollouts = Array.from({ length: samples }, async (_, sampleIndex) => {
      const sequence = sampleIndex === samples - 1 ? prompt : sampler.fork(prompt);
      try {
        const trajectory = await runAgent(sequence, promptIds, { step: options.step, problemId, sampleIndex }, options);
        options.onRollout?.(++done, total, trajectory);
        return trajectory;
      } finally {
        sampler.close(sequence);
      }
    });
    const group = Promise.all(rollouts).then((trajectories) => {
      groups[index] = trajectories;
      running.delete(group);
    });
    running.add(group);
  };
  while (next < prompts.length) {
    const fitting = Math.min(Math.floor(sampler.available / samples), prompts.length - next);
    if (fitting === 0) {
      if (running.size === 0) {
        throw new RetoolError("SAMPLER_TOO_SMALL", `rolloutBatch: a group of ${samples} does not fit a sampler with ${sampler.available} free sequences`);
      }
      await Promise.race(running);
      continue;
    }
    const wave = Array.from({ length: fitting }, (_, i) => next + i);
    next += fitting;
    const opened = wave.map((index) => sampler.open(prompts[index]!.promptIds));
    if (samples > 1) await sampler.prefill(opened);
    wave.forEach((index, i) => start(index, opened[i]!));
  }
  await Promise.all(running);
  return groups;
}
