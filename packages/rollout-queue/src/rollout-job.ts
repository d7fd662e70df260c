import { createHash } from "node:crypto";
import { RetoolError } from "@retool-ts/core";
import { z } from "zod";

const whole = z.number().int();

/** One rollout to be made: everything that decides it, but for the environment that trainer and workers share. */
export const RolloutJob = z.strictObject({
  seed: whole,
  step: whole,
  /** The problem as tools see it. What is no JSON, such as a function, does not get there. */
  problem: z.looseObject({ id: z.string() }),
  sampleIndex: whole.min(0),
  promptIds: z.array(whole.min(0)).min(1),
  sampling: z.strictObject({ temperature: z.number(), topP: z.number(), topK: whole, minP: z.number().optional() }),
  /** As the engine's server names the weights to sample from. */
  weights: z.record(z.string(), z.string()),
});
/** Parsed {@link RolloutJob}. */
export interface RolloutJob extends z.infer<typeof RolloutJob> {}

/**
 * Names a rollout by what decides it, so that equal ones are one: a job that is handed out twice, by a trainer that was started again too,
 * has one result. The server's name of the weights is left out, for one that is started again gives them another.
 *
 * @param digest - of the weights, as `Engine.weightsDigest` tells it
 * @param environment - digest of the environment
 */
export function rolloutId(job: Omit<RolloutJob, "weights">, digest: string, environment: string): string {
  const { seed, step, problem, sampleIndex, promptIds, sampling } = job;
  const { temperature, topP, topK, minP = 0 } = sampling;
  const parts = [environment, digest, seed, step, problem.id, sampleIndex, promptIds, temperature, topP, topK, minP];
  return `${step}-${sampleIndex}-${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 40)}`;
}

/** @throws RetoolError when the text is no job. */
export function parseJob(text: string): RolloutJob {
  const { data, error } = RolloutJob.safeParse(jsonOf(text));
  if (error === undefined) return data;
  const [issue] = error.issues;
  throw new RetoolError("ROLLOUT_JOB", `rollout job: ${issue!.path.join(".")}: ${issue!.message}; are trainer and worker of one version?`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
