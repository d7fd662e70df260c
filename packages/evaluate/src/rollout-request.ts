import type { Problem } from "@retool-ts/data";
import type { SamplingParameters } from "@retool-ts/engine";
import type { RewardResult } from "@retool-ts/reward";
import type { RolloutJournal, ToolCache, Trajectory } from "@retool-ts/rollout";
import type { SamplingModel } from "./policy-model.js";

/** One graded rollout. */
export interface GradedRollout {
  readonly problem: Problem;
  readonly trajectory: Trajectory;
  readonly reward: RewardResult;
  /** Further trajectories of the same rollout, where the conversation had branches; they share its score. */
  readonly branches?: readonly Trajectory[];
}

/** Problems to roll out, and how often. */
export interface RolloutRequest {
  readonly problems: readonly Problem[];
  /** Rollouts per problem. */
  readonly samples: number;
  readonly sampling: SamplingParameters;
  readonly seed: number;
  /** Names the random numbers together with seed, problem and sample. */
  readonly step: number;
  readonly onRollout?: (done: number, total: number) => void;
  /** Called at the end with the calls of pure tools, and how many of them shared the result of an equal one. */
  readonly onToolCalls?: (stats: ToolCache["stats"]) => void;
  /** Called at the end with measures of the rollouts that they do not hold themselves. */
  readonly onMetrics?: (metrics: Readonly<Record<string, number>>) => void;
  /** Called as soon as all rollouts of a problem are graded, in the order in which that happens. */
  readonly onGroup?: (group: readonly GradedRollout[]) => void;
  /** Gives back what an interrupted request had sampled, and keeps what this one samples. */
  readonly journal?: RolloutJournal;
  readonly signal?: AbortSignal;
}

/** Rolls out problems with the current weights and grades every rollout; one group a problem, in order. */
export type RollOut = (model: SamplingModel, request: RolloutRequest) => Promise<GradedRollout[][]>;
