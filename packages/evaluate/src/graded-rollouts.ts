import { cacheToolResults, journaledTools, rolloutBatch } from "@retool-ts/rollout";
import { agentOptions, DEFAULT_SAMPLER_LIMITS, type Environment } from "./environment.js";
import { gradedGroups } from "./graded-groups.js";
import type { SamplingModel } from "./policy-model.js";
import type { GradedRollout, RolloutRequest } from "./rollout-request.js";

/**
 * Rolls out problems with the current weights and grades every rollout, each group as soon as it is whole; one group a problem, in order.
 *
 * @throws RetoolError when the reward fails, or an input does not fit the model.
 */
export async function gradedRollouts(model: SamplingModel, environment: Environment, request: RolloutRequest): Promise<GradedRollout[][]> {
  if (environment.rollOut !== undefined) return environment.rollOut(model, request);
  const { problems, samples, sampling, seed, step, journal } = request;
  const prompts = problems.map((problem) => ({
    problemId: problem.id,
    problem,
    promptIds: environment.encodePrompt(problem.question, problem),
  }));
  return gradedGroups(model, environment, request, async ({ add, signal: stop }) => {
    const sampler = await openSampler(model, environment, { prompts, samples });
    const { tools, stats } = cacheToolResults(journal === undefined ? environment.tools : journaledTools(environment.tools, journal));
    try {
      await rolloutBatch(prompts, {
        ...agentOptions(environment, model, { seed, sampling, signal: stop }),
        tools,
        sampler,
        samples,
        step,
        ...(journal && { journal }),
        onRollout: (_done, _total, trajectory) => add(trajectory),
      });
      request.onToolCalls?.(stats);
    } finally {
      sampler.dispose();
    }
  });
}

interface Batch {
  readonly prompts: readonly { readonly promptIds: readonly number[] }[];
  readonly samples: number;
}

/** A sampler as large as the batch wants and the memory for keys and values allows. */
function openSampler(model: SamplingModel, environment: Environment, { prompts, samples }: Batch) {
  const { maxPositions, cacheBytesPerToken } = model.engine.model;
  const { maxSequences, kvCacheBytes, reuseCache } = environment.sampler ?? DEFAULT_SAMPLER_LIMITS;
  const longest = prompts.reduce((most, { promptIds }) => Math.max(most, promptIds.length), 0);
  const maxLength = Math.min(maxPositions, longest + environment.budgets.maxResponseTokens + 1); // so that budgets end rollouts, not the sampler
  const fitting = Math.max(samples, Math.floor(kvCacheBytes / (cacheBytesPerToken * maxLength)));
  return model.engine.sampler({
    maxSequences: Math.max(samples, Math.min(maxSequences, prompts.length * samples, fitting)),
    maxLength,
    vocabSize: model.tokenizer.vocabSize,
    ...(model.unusedTokenIds && { unusedTokenIds: model.unusedTokenIds }),
    reuseCache,
    textStream: () => model.tokenizer.streamDecoder(),
  });
}
