import { RetoolError } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import { cacheToolResults, journaledTools, rolloutBatch, type Trajectory } from "@retool-ts/rollout";
import { agentOptions, DEFAULT_SAMPLER_LIMITS, type Environment } from "./environment.js";
import { gradeGroup } from "./grade.js";
import type { SamplingModel } from "./policy-model.js";
import type { GradedRollout, RolloutRequest } from "./rollout-request.js";

/**
 * Rolls out problems with the current weights and grades every rollout, each group as soon as it is whole; one group a problem, in order.
 *
 * @throws RetoolError when the reward fails, or an input does not fit the model.
 */
export async function gradedRollouts(model: SamplingModel, environment: Environment, request: RolloutRequest): Promise<GradedRollout[][]> {
  if (environment.rollOut !== undefined) return environment.rollOut(model, request);
  const { problems, samples, sampling, seed, step, signal, onRollout, onGroup, journal } = request;
  const prompts = problems.map((problem) => ({
    problemId: problem.id,
    problem,
    promptIds: environment.encodePrompt(problem.question, problem),
  }));
  const { reward } = environment;
  const grader = { reward, tokenizer: model.tokenizer, eosTokenIds: model.eosTokenIds, signal };
  const failure = new AbortController(); // a reward that fails ends the batch
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const grade = async (problem: Problem, trajectories: readonly Trajectory[]) => {
    const rewards = await gradeGroup(problem, trajectories, grader);
    const group = trajectories.map((trajectory, i) => ({ problem, trajectory, reward: rewards[i]! }));
    onGroup?.(group);
    return group;
  };
  const groups = new EndedGroups(problems, samples, { grade, onError: (error) => failure.abort(error) });
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
      onRollout: (done, total, trajectory) => {
        onRollout?.(done, total);
        groups.add(trajectory);
      },
    });
    request.onToolCalls?.(stats);
    return await unlessHanging(groups.graded(), signal);
  } finally {
    sampler.dispose();
  }
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

type GradeGroup = (problem: Problem, trajectories: readonly Trajectory[]) => Promise<GradedRollout[]>;

/** Collects rollouts by problem as they end, and has each group graded once it is whole. */
class EndedGroups {
  readonly #problems: readonly Problem[];
  readonly #samples: number;
  readonly #grade: GradeGroup;
  readonly #onError: (error: unknown) => void;
  readonly #places: ReadonlyMap<string, number>;
  readonly #ended: Trajectory[][];
  readonly #graded: Promise<GradedRollout[]>[] = [];

  constructor(
    problems: readonly Problem[],
    samples: number,
    { grade, onError }: { readonly grade: GradeGroup; readonly onError: (error: unknown) => void },
  ) {
    this.#onError = onError;
    this.#problems = problems;
    this.#samples = samples;
    this.#grade = grade;
    this.#places = new Map(problems.map(({ id }, place) => [id, place]));
    if (this.#places.size < problems.length) {
      throw new RetoolError("PROBLEM_ID", "gradedRollouts: expected problems with different ids, got some twice; see withDistinctIds");
    }
    this.#ended = problems.map(() => []);
  }

  add(trajectory: Trajectory): void {
    const place = this.#places.get(trajectory.problemId)!;
    const group = this.#ended[place]!;
    group.push(trajectory);
    if (group.length < this.#samples) return;
    const sorted = group.toSorted((a, b) => a.sampleIndex - b.sampleIndex);
    const graded = this.#grade(this.#problems[place]!, sorted);
    graded.catch((error: unknown) => this.#onError(error)); // whoever awaits the groups is told as well
    this.#graded[place] = graded;
  }

  /** All groups, in the order of the problems. */
  graded(): Promise<GradedRollout[][]> {
    return Promise.all(this.#graded);
  }
}

/** Time that rewards get to give up after an interruption, in milliseconds. */
const GRACE_MS = 2_000;

/** What a promise gives; when the run is interrupted and it still hangs after a while, the interruption. */
async function unlessHanging<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = () => {};
  const hanging = new Promise<never>((_, reject) => {
    stop = () => void (timer = setTimeout(() => reject(signal.reason as Error), GRACE_MS));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, hanging]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
