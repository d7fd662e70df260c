/**
 * Rollouts on many hosts: a trainer hands out jobs in a queue, workers sample from an engine that they share and run tools of their own.
 *
 * @packageDocumentation
 */
export { BullJobQueue } from "./bull-queue.js";
export { BullJobSource } from "./bull-source.js";
export { type BullOptions } from "./bull-connection.js";
export { environmentDigest } from "./environment-digest.js";
export {
  type JobEnd,
  type JobHandler,
  type JobQueue,
  type JobSource,
  type QueuedJob,
  type Submission,
  type WorkOptions,
} from "./job-queue.js";
export { queuedRollouts, type QueuedRolloutsOptions } from "./queued-rollouts.js";
export { rolloutId, RolloutJob } from "./rollout-job.js";
export { decodeTrajectory, encodeTrajectory } from "./rollout-result.js";
export { rolloutWorker, type RolloutWorkerOptions } from "./rollout-worker.js";
