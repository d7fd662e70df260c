import type { Problem } from "@retool-ts/data";
import { gradeGroup } from "@retool-ts/evaluate";
import type { Trajectory } from "@retool-ts/rollout";
import { toRecord, type TrajectoryRecord } from "@retool-ts/runs";
import type { World } from "../setup/create-environment.js";
import { endpointRollout, type EndpointRollout, type EndpointRolloutOptions, type EndpointUsage } from "./endpoint-rollout.js";

/** A rollout at an endpoint as it is kept. Ids of its tokens are not known; numbers of tokens are the server's. */
export interface EndpointRecord extends TrajectoryRecord {
  readonly usage: EndpointUsage;
}

/** Options of {@link endpointGroups}. */
export interface EndpointGroupsOptions extends EndpointRolloutOptions {
  readonly world: World;
  readonly samples: number;
  /** Requests at once. */
  readonly concurrency: number;
  readonly onRollout: (done: number) => void;
  /** Called with each problem whose rollouts have all ended. */
  readonly onGroup: (records: readonly EndpointRecord[]) => void;
}

/** Rollouts that got no reply. */
export interface EndpointFailures {
  /** Rollouts by the reason of their failure. */
  readonly reasons: Readonly<Record<string, number>>;
  /** What their other requests cost. */
  readonly usage: readonly EndpointUsage[];
  /** True where so many requests in a row failed that no more were sent. */
  readonly gaveUp: boolean;
}

/** Rollouts in a row without a reply, after which the endpoint counts as gone. */
const MOST_FAILURES = 5;
/** The model's text has no tokens that end a turn. */
const NO_ENDS = { tokenizer: { idToToken: () => undefined }, eosTokenIds: [] };

/**
 * Rolls out problems at an endpoint, several rollouts at once, and grades each group as it becomes whole. A problem with a rollout that
 * got no reply is left open: a failed request says nothing of the model.
 *
 * @throws the signal's reason when it is aborted, RetoolError when the reward fails, InputError when address, model or key are wrong.
 */
export async function endpointGroups(problems: readonly Problem[], options: EndpointGroupsOptions): Promise<EndpointFailures> {
  const { samples, world } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const reasons: Record<string, number> = {};
  const usage: EndpointUsage[] = [];
  const groups = problems.map((): EndpointRollout[] => []);
  let next = 0;
  let done = 0;
  let failedInRow = 0;

  async function ended(index: number): Promise<void> {
    const group = groups[index]!;
    const whole = group.flatMap((rollout) => (rollout.status === "ended" ? [rollout] : []));
    if (whole.length < samples) {
      usage.push(...group.map((rollout) => rollout.usage));
      return;
    }
    const problem = problems[index]!;
    const trajectories: readonly Trajectory[] = whole.map(({ trajectory }) => trajectory);
    const rewards = await gradeGroup(problem, trajectories, { reward: world.reward, ...NO_ENDS, signal });
    const records = whole.map(({ trajectory, usage: cost }, i) => ({
      ...toRecord({ trajectory, problem, reward: rewards[i]! }, { phase: "eval", step: 0 }),
      usage: cost,
    }));
    options.onGroup(records);
  }

  async function work(): Promise<void> {
    while (next < problems.length * samples && failedInRow < MOST_FAILURES) {
      signal.throwIfAborted();
      const place = next++;
      const [index, sampleIndex] = [Math.floor(place / samples), place % samples];
      const rollout = await endpointRollout(problems[index]!, sampleIndex, { ...options, signal });
      groups[index]![sampleIndex] = rollout;
      if (rollout.status === "failed") reasons[rollout.reason] = (reasons[rollout.reason] ?? 0) + 1;
      failedInRow = rollout.status === "failed" ? failedInRow + 1 : 0;
      options.onRollout(++done);
      if (Object.keys(groups[index]!).length === samples) await ended(index);
    }
  }

  const workers = Array.from({ length: Math.min(options.concurrency, problems.length * samples) }, work);
  try {
    await Promise.all(workers);
  } finally {
    stop.abort();
    await Promise.allSettled(workers);
  }
  return { reasons, usage, gaveUp: failedInRow >= MOST_FAILURES };
}
