import { RetoolError } from "@retool-ts/core";
import {
  gradedGroups,
  type Environment,
  type RollOut,
  type RolloutRequest,
  type RolloutSink,
  type SamplingModel,
} from "@retool-ts/evaluate";
import type { JobEnd, JobQueue, QueuedJob } from "./job-queue.js";
import { rolloutId, type RolloutJob } from "./rollout-job.js";
import { decodeTrajectory } from "./rollout-result.js";

/** Options of {@link queuedRollouts}. */
export interface QueuedRolloutsOptions {
  readonly queue: JobQueue;
  /** Prompts are made and rollouts graded here; all else is the workers'. */
  readonly environment: Pick<Environment, "encodePrompt" | "reward">;
  /** Of {@link environmentDigest}. */
  readonly digest: string;
  /** Called where rollouts wait and no worker takes any; again after as long a wait. */
  readonly onNoWorker?: () => void;
  /** Wait until workers are counted, in milliseconds; default: 20 seconds. */
  readonly lookAfterMs?: number;
}

/** A rollout that is waited for. */
type Expected = Pick<RolloutJob, "promptIds" | "sampleIndex"> & { readonly problemId: string };

/**
 * Rolls out problems on other hosts: a job a rollout, in a queue that workers take from. What comes back is graded here, once for each
 * rollout, however often it was made. A request that is interrupted leaves what is done in the queue, where an equal one finds it.
 */
export function queuedRollouts({ queue, environment, digest, onNoWorker, lookAfterMs = 20_000 }: QueuedRolloutsOptions): RollOut {
  return (model, request) =>
    gradedGroups(model, environment, request, async (sink) => {
      const expected = new Map<string, Expected>();
      const jobs = await jobsOf(model, environment, request, (job, weightsDigest) => {
        const id = rolloutId(job, weightsDigest, digest);
        expected.set(id, { problemId: job.problem.id, sampleIndex: job.sampleIndex, promptIds: job.promptIds });
        return id;
      });
      const look = setInterval(() => {
        void queue.workers().then(
          (count) => count === 0 && onNoWorker?.(),
          () => {},
        );
      }, lookAfterMs);
      try {
        await allOf(queue, jobs, expected, sink);
      } finally {
        clearInterval(look);
      }
    });
}

async function jobsOf(
  { engine }: SamplingModel,
  { encodePrompt }: Pick<Environment, "encodePrompt">,
  { problems, samples, seed, step, sampling }: RolloutRequest,
  idOf: (job: RolloutJob, weightsDigest: string) => string,
): Promise<QueuedJob[]> {
  if (engine.share === undefined) {
    throw new RetoolError("ROLLOUT_QUEUE", "queued rollouts: expected an engine whose weights other processes can sample from");
  }
  const weights = await engine.share();
  const weightsDigest = await engine.weightsDigest();
  const { temperature, topP, topK, minP = 0 } = sampling;
  return problems.flatMap((problem) => {
    const promptIds = [...encodePrompt(problem.question, problem)];
    return Array.from({ length: samples }, (_, sampleIndex): QueuedJob => {
      const job = {
        seed,
        step,
        problem: { ...problem },
        sampleIndex,
        promptIds,
        sampling: { temperature, topP, topK, ...(minP > 0 && { minP }) },
        weights,
      };
      return { id: idOf(job, weightsDigest), text: JSON.stringify(job) };
    });
  });
}

/** Waits for every job, and hands on each result once. */
async function allOf(queue: JobQueue, jobs: readonly QueuedJob[], expected: Map<string, Expected>, { add, signal }: RolloutSink) {
  let [resolve, reject]: [() => void, (reason: unknown) => void] = [() => {}, () => {}];
  const ended = new Promise<void>((...settle) => ([resolve, reject] = settle));
  ended.catch(() => {}); // it is awaited below, once everything is handed out
  const onEnd = (end: JobEnd) => {
    const rollout = expected.get(end.id);
    if (rollout === undefined) return; // told before
    try {
      add(resultOf(end, rollout));
      expected.delete(end.id);
      if (expected.size === 0) resolve();
    } catch (error) {
      reject(error);
    }
  };
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  let isWhole = false;
  const submission = await queue.submit(jobs, onEnd);
  try {
    if (expected.size === 0) resolve(); // there was nothing to do
    await ended;
    isWhole = true;
  } finally {
    signal.removeEventListener("abort", stop);
    expected.clear(); // what comes now is not waited for
    await submission.close(isWhole ? "drop" : "keep");
  }
}

/** @throws RetoolError when the rollout was given up, or the result is another's. */
function resultOf(end: JobEnd, { problemId, sampleIndex, promptIds }: Expected) {
  const name = `rollout ${sampleIndex} of problem ${problemId}`;
  if (end.status === "failed") throw new RetoolError("ROLLOUT_QUEUE", `${name}: its workers gave it up: ${end.reason}`);
  const trajectory = decodeTrajectory(end.result);
  const isOther =
    trajectory.problemId !== problemId ||
    trajectory.sampleIndex !== sampleIndex ||
    trajectory.promptLength !== promptIds.length ||
    promptIds.some((id, i) => trajectory.tokenIds[i] !== id);
  if (isOther) throw new RetoolError("ROLLOUT_RESULT", `${name}: its result is another rollout's`);
  return trajectory;
}
