import type { EngineSampler, SamplerOptions, SharedWeights } from "@retool-ts/engine";
import { agentOptions, type Environment, type SamplingModel } from "@retool-ts/evaluate";
import { cacheToolResults, runAgent, type Tool } from "@retool-ts/rollout";
import type { JobHandler } from "./job-queue.js";
import { parseJob } from "./rollout-job.js";
import { encodeTrajectory } from "./rollout-result.js";

/** What makes rollouts of jobs. */
export interface RolloutWorkerOptions {
  readonly environment: Pick<Environment, "dialect" | "tools" | "budgets">;
  readonly model: Pick<SamplingModel, "tokenizer" | "eosTokenIds" | "unusedTokenIds"> & {
    /** Longest sequence, in tokens. */
    readonly maxPositions: number;
  };
  /** A sampler of weights by the name that the trainer has for them; it is disposed of after each rollout. */
  readonly openSampler: (weights: SharedWeights, options: SamplerOptions) => Promise<EngineSampler>;
}

/**
 * Makes rollouts of jobs: samples from the engine that all workers share, and runs tools here. What it samples depends on the job alone.
 */
export function rolloutWorker({ environment, model, openSampler }: RolloutWorkerOptions): JobHandler {
  const { tokenizer, unusedTokenIds, maxPositions } = model;
  let shared: { readonly step: number; readonly tools: readonly Tool[] } | undefined;
  /** Equal calls of pure tools run once a step, as they do without a queue. */
  const toolsOf = (step: number): readonly Tool[] => {
    if (shared?.step !== step) shared = { step, tools: cacheToolResults(environment.tools).tools };
    return shared.tools;
  };
  return async ({ text }, signal) => {
    const { seed, step, problem, sampleIndex, promptIds, sampling, weights } = parseJob(text);
    const sampler = await openSampler(weights, {
      maxSequences: 1,
      maxLength: Math.min(maxPositions, promptIds.length + environment.budgets.maxResponseTokens + 1), // so that budgets end rollouts
      vocabSize: tokenizer.vocabSize,
      ...(unusedTokenIds && { unusedTokenIds }),
      textStream: () => tokenizer.streamDecoder(),
    });
    try {
      const key = { step, problemId: problem.id, sampleIndex, problem };
      const options = {
        ...agentOptions(environment, model, { seed, sampling: { ...sampling, minP: sampling.minP ?? 0 }, signal }),
        tools: toolsOf(step),
        sampler,
      };
      const trajectory = await runAgent(sampler.open(promptIds), promptIds, key, options);
      signal.throwIfAborted(); // what was cut short is no result
      return encodeTrajectory(trajectory);
    } finally {
      sampler.dispose();
    }
  };
}
