import type { Problem } from "@retool-ts/data";
import {
  cacheToolResults,
  journaledTools,
  rolloutBatch,
  summarizeRollouts,
  type RolloutJournal,
  type RolloutOutline,
  type RolloutSummary,
  type SamplingParameters,
  type ToolCache,
  type Trajectory,
} from "@retool-ts/rollout";
import type { RewardResult } from "@retool-ts/reward";
import { agentOptions, type Environment } from "../../../apps/retool/src/setup/create-environment.js";
import type { SameAnswer } from "./answer-classes.js";
import { estimatesAtK, type SampleGrade } from "./at-k.js";
import { estimateMeans, type Estimate, type Interval } from "./intervals.js";
import { gradeRollout } from "./grade.js";
import type { SamplingModel } from "../../../apps/retool/src/setup/model-setup.js";

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
  readonly onRollout?: (done: number, total: number) => void;
  /** Called at the end with the calls of pure tools, and how many of them shared the result of an equal one. */
  readonly onToolCalls?: (stats: ToolCache["stats"]) => void;
  /** Called as soon as all rollouts of a problem have ended, in the order in which that happens. */
  readonly onGroup?: (group: readonly GradedRollout[]) => void;
  /** Gives back what an interrupted request had sampled, and keeps what this one samples. */
  readonly journal?: RolloutJournal;
  readonly signal?: AbortSignal;
}

/** Rolls out problems with the current weights and grades every rollout; one group a problem, in order. */
export async function gradedRollouts(model: SamplingModel, environment: Environment, request: RolloutRequest): Promise<GradedRollout[][]> {
  const { problems, samples, sampling, seed, step, signal, onRollout, onGroup, journal } = request;
  const { config } = model.engine.model;
  const prompts = problems.map(({ id, question }) => ({ problemId: id, promptIds: environment.encodePrompt(question) }));
  const longest = prompts.reduce((most, { promptIds }) => Math.max(most, promptIds.length), 0);
  const maxLength = Math.min(config.maxPositions, longest + environment.budgets.maxResponseTokens + 1); // so that budgets end rollouts, not the sampler
  const sequenceBytes = 2 * 4 * config.layers * config.kvHeads * config.headDim * maxLength;
  const fitting = Math.max(samples, Math.floor(environment.sampler.kvCacheBytes / sequenceBytes));
  const sampler = model.engine.createSampler({
    maxSequences: Math.max(samples, Math.min(environment.sampler.maxSequences, prompts.length * samples, fitting)),
    maxLength,
    vocabSize: model.tokenizer.vocabSize,
    unusedTokenIds: model.unusedTokenIds,
    reuseCache: environment.sampler.reuseCache,
    textStream: () => model.tokenizer.streamDecoder(),
  });
  const ended = new EndedGroups(problems, samples);
  const { reward } = environment;
  const grader = { reward, tokenizer: model.tokenizer, eosTokenIds: model.eosTokenIds };
  const grade = (problem: Problem, trajectory: Trajectory): GradedRollout => ({
    problem,
    trajectory,
    reward: gradeRollout(problem, trajectory, grader),
  });
  const { tools, stats } = cacheToolResults(journal === undefined ? environment.tools : journaledTools(environment.tools, journal));
  try {
    const groups = await rolloutBatch(prompts, {
      ...agentOptions(environment, model, { seed, sampling, ...(signal === undefined ? {} : { signal }) }),
      tools,
      sampler,
      samples,
      step,
      ...(journal && { journal }),
      onRollout: (done, total, trajectory) => {
        onRollout?.(done, total);
        const group = onGroup && ended.add(trajectory);
        if (group) onGroup(group.map((each) => grade(ended.problem(each), each)));
      },
    });
    request.onToolCalls?.(stats);
    return groups.map((group, i) => group.map((trajectory) => grade(problems[i]!, trajectory)));
  } finally {
    sampler.dispose();
  }
}

/** Collects rollouts by problem as they end. */
class EndedGroups {
  readonly #problems: ReadonlyMap<string, Problem>;
  readonly #samples: number;
  readonly #ended = new Map<string, Trajectory[]>();

  constructor(problems: readonly Problem[], samples: number) {
    this.#problems = new Map(problems.map((problem) => [problem.id, problem]));
    this.#samples = samples;
  }

  /** @returns the whole group, by sample, once its last rollout has ended. */
  add(trajectory: Trajectory): Trajectory[] | undefined {
    const group = [...(this.#ended.get(trajectory.problemId) ?? []), trajectory];
    this.#ended.set(trajectory.problemId, group);
    return group.length < this.#samples ? undefined : group.sort((a, b) => a.sampleIndex - b.sampleIndex);
  }

  problem({ problemId }: Trajectory): Problem {
    return this.#problems.get(problemId)!;
  }
}

/** Accuracy with its 95 % interval. */
export interface Accuracy {
  readonly n: number;
  readonly accuracy: number;
  /** Over problems: Wilson's for one sample a problem, a bootstrap over problems for several; see {@link estimateMeans}. */
  readonly ci95: Interval;
}

/** What an evaluation found. */
export interface Evaluation extends Accuracy {
  readonly samples: number;
  /** By k: pass@k, the chance that one of k samples is right. */
  readonly passAt: Readonly<Record<number, Estimate>>;
  /** By k: maj@k, the chance that the most frequent answer of k samples is right; ties are split evenly. */
  readonly majorityAt: Readonly<Record<number, Estimate>>;
  readonly rollouts: RolloutSummary;
  readonly families: Readonly<Record<string, Accuracy>>;
  readonly levels: Readonly<Record<string, Accuracy>>;
}

/** What an evaluation is computed from; a {@link GradedRollout} is one. */
export interface EvaluatedRollout extends SampleGrade {
  readonly problem: Pick<Problem, "family" | "level">;
  readonly trajectory: RolloutOutline;
}

export interface EvaluationOptions {
  /** Numbers of samples of pass@k and maj@k, none above the samples a problem has. Default: powers of two, and all samples. */
  readonly passK?: readonly number[];
  readonly majorityK?: readonly number[];
  /** Which answers are one in a vote. Default: equal integers or equal text. */
  readonly same?: SameAnswer;
}

/** avg@samples over groups, whole and by family and level, with pass@k and maj@k. */
export function summarizeEvaluation(groups: readonly (readonly EvaluatedRollout[])[], options: EvaluationOptions = {}): Evaluation {
  const samples = groups[0]?.length ?? 0;
  const by = (key: (problem: EvaluatedRollout["problem"]) => string | undefined) => {
    const parts = new Map<string, (readonly EvaluatedRollout[])[]>();
    for (const group of groups) {
      const name = key(group[0]!.problem);
      if (name !== undefined) parts.set(name, [...(parts.get(name) ?? []), group]);
    }
    const sorted = [...parts].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
    return Object.fromEntries(sorted.map(([name, part]) => [name, accuracy(part)]));
  };
  return {
    ...accuracy(groups),
    samples,
    ...estimatesAtK(groups, samples, options),
    rollouts: summarizeRollouts(groups.flat().map(({ trajectory }) => trajectory)),
    families: by(({ family }) => family),
    levels: by(({ level }) => (level === undefined ? undefined : String(level))),
  };
}

function accuracy(groups: readonly (readonly SampleGrade[])[]): Accuracy {
  const shares = groups.map((group) => group.filter(({ reward }) => reward.correct).length / group.length);
  const { value, ci95 } = estimateMeans({ accuracy: shares }).accuracy;
  return { n: groups.length, accuracy: value, ci95 };
}
