import { RetoolError } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import type { Trajectory } from "@retool-ts/rollout";
import type { Environment } from "./environment.js";
import { gradeGroup } from "./grade.js";
import type { SamplingModel } from "./policy-model.js";
import type { GradedRollout, RolloutRequest } from "./rollout-request.js";

/** What rollouts come from is told each of them, in any order. */
export interface RolloutSink {
  add(trajectory: Trajectory): void;
  /** Fires when the request is interrupted or a reward fails. */
  readonly signal: AbortSignal;
}

/**
 * Grades rollouts as they end, each group as soon as it is whole; one group a problem, in order.
 *
 * @param rollOut - makes every sample of every problem, once, and settles when it has told all of them
 * @throws RetoolError when the reward fails.
 */
export async function gradedGroups(
  model: Pick<SamplingModel, "tokenizer" | "eosTokenIds">,
  { reward }: Pick<Environment, "reward">,
  { problems, samples, signal, onGroup, onRollout }: RolloutRequest,
  rollOut: (sink: RolloutSink) => Promise<void>,
): Promise<GradedRollout[][]> {
  const grader = { reward, tokenizer: model.tokenizer, eosTokenIds: model.eosTokenIds, signal };
  const failure = new AbortController(); // a reward that fails ends the batch
  const grade = async (problem: Problem, trajectories: readonly Trajectory[]) => {
    const rewards = await gradeGroup(problem, trajectories, grader);
    const group = trajectories.map((trajectory, i) => ({ problem, trajectory, reward: rewards[i]! }));
    onGroup?.(group);
    return group;
  };
  const groups = new EndedGroups(problems, samples, { grade, onError: (error) => failure.abort(error) });
  let done = 0;
  await rollOut({
    signal: signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]),
    add(trajectory) {
      onRollout?.(++done, problems.length * samples);
      groups.add(trajectory);
    },
  });
  return unlessHanging(groups.graded(), signal);
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
