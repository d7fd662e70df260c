import type { Problem } from "@retool-ts/data";
import {
  modelText,
  responseText,
  rolloutBatch,
  summarizeRollouts,
  type RolloutSummary,
  type SamplingParameters,
  type Trajectory,
} from "@retool-ts/rollout";
import type { RewardResult } from "@retool-ts/reward";
import { agentOptions, type Environment } from "./environment.js";
import { majorityAtK, passAtK } from "./estimators.js";
import type { PolicyModel } from "./model-setup.js";

/** Sequences decoded at once in evaluations. */
export const MAX_SEQUENCES = 256;

/** Most memory for keys and values; fewer sequences are decoded at once where they would need more. */
const KV_CACHE_BYTES = 512 * 2 ** 20;

/** One graded rollout. */
export interface GradedRollout {
  readonly problem: Problem;
  readonly trajectory: Trajectory;
  readonly reward: RewardResult;
}

export interface RolloutRequest {
  readonly problems: readonly Problem[];
  /** Rollouts a problem. */
  readonly samples: number;
  readonly sampling: SamplingParameters;
  readonly seed: number;
  /** Names the random numbers together with seed, problem and sample. */
  readonly step: number;
  /** Sequences decoded at once. */
  readonly maxSequences: number;
  readonly onRollout?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Rolls out problems with the current weights and grades every rollout; one group a problem, in order. */
export async function gradedRollouts(model: PolicyModel, environment: Environment, request: RolloutRequest): Promise<GradedRollout[][]> {
  const { problems, samples, sampling, seed, step, signal, onRollout } = request;
  const { config } = model.engine.model;
  const prompts = problems.map(({ id, question }) => ({ problemId: id, promptIds: environment.encodePrompt(question) }));
  const longest = prompts.reduce((most, { promptIds }) => Math.max(most, promptIds.length), 0);
  const maxLength = Math.min(config.maxPositions, longest + environment.budgets.maxResponseTokens + 1); // so that budgets end rollouts, not the sampler
  const sequenceBytes = 2 * 4 * config.layers * config.kvHeads * config.headDim * maxLength;
  const fitting = Math.max(samples, Math.floor(KV_CACHE_BYTES / sequenceBytes));
  const sampler = model.engine.createSampler({
    maxSequences: Math.min(request.maxSequences, prompts.length * samples, fitting),
    maxLength,
    vocabSize: model.tokenizer.vocabSize,
    textStream: () => model.tokenizer.streamDecoder(),
  });
  try {
    const groups = await rolloutBatch(prompts, {
      ...agentOptions(environment, model, { seed, sampling, ...(signal === undefined ? {} : { signal }) }),
      sampler,
      samples,
      step,
      ...(onRollout === undefined ? {} : { onRollout }),
    });
    return groups.map((group, i) => group.map((trajectory) => grade(problems[i]!, trajectory, environment)));
  } finally {
    sampler.dispose();
  }
}

function grade(problem: Problem, trajectory: Trajectory, { reward }: Environment): GradedRollout {
  const result = reward({
    response: responseText(trajectory),
    modelText: modelText(trajectory),
    groundTruth: problem.answer,
    toolCalls: trajectory.toolCalls.length,
    turns: trajectory.turns,
    responseTokens: trajectory.tokenIds.length - trajectory.promptLength,
  });
  return { problem, trajectory, reward: result };
}

/** Accuracy with its 95 % interval. */
export interface Accuracy {
  readonly n: number;
  readonly accuracy: number;
  /** Wilson score interval (Wilson, 1927) over problems; with several samples a problem, of their mean. */
  readonly ci95: readonly [low: number, high: number];
}

/** What an evaluation found. */
export interface Evaluation extends Accuracy {
  readonly samples: number;
  /** pass@k, the chance that one of k samples is right, and maj@k, that their most frequent answer is: for k = samples. */
  readonly passAtK: number;
  readonly majorityAtK: number;
  readonly rollouts: RolloutSummary;
  readonly families: Readonly<Record<string, Accuracy>>;
  readonly levels: Readonly<Record<string, Accuracy>>;
}

/** avg@samples over groups, whole and by family and level. */
export function summarizeEvaluation(groups: readonly (readonly GradedRollout[])[]): Evaluation {
  const by = (key: (problem: Problem) => string | undefined) => {
    const parts = new Map<string, GradedRollout[][]>();
    for (const group of groups) {
      const name = key(group[0]!.problem);
      if (name !== undefined) parts.set(name, [...(parts.get(name) ?? []), [...group]]);
    }
    return Object.fromEntries([...parts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, part]) => [name, accuracy(part)]));
  };
  const mean = (value: (group: readonly GradedRollout[]) => number) => groups.reduce((sum, group) => sum + value(group), 0) / groups.length;
  return {
    ...accuracy(groups),
    samples: groups[0]?.length ?? 0,
    passAtK: mean((group) => passAtK(group.length, group.filter(({ reward }) => reward.correct).length, group.length)),
    majorityAtK: mean((group) =>
      majorityAtK(
        group.map(({ reward }) => ({ answer: reward.prediction?.trim(), correct: reward.correct })),
        group.length,
      ),
    ),
    rollouts: summarizeRollouts(groups.flat().map(({ trajectory }) => trajectory)),
    families: by(({ family }) => family),
    levels: by(({ level }) => (level === undefined ? undefined : String(level))),
  };
}

function accuracy(groups: readonly (readonly GradedRollout[])[]): Accuracy {
  const n = groups.length;
  const shares = groups.map((group) => group.filter(({ reward }) => reward.correct).length / group.length);
  const p = shares.reduce((sum, share) => sum + share, 0) / n;
  return { n, accuracy: p, ci95: wilson(p, n) };
}

function wilson(p: number, n: number): [number, number] {
  const z = 1.959964;
  const center = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}
