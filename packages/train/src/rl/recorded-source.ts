import { RandomStream, RetoolError } from "@retool-ts/core";
import type { GradedRollout } from "@retool-ts/evaluate";
import type { TrainContext } from "../train-context.js";
import type { RlState } from "../train-state.js";
import { grouped, isInformative, type StepRollouts } from "./collect.js";
import { requestOf, type RolloutSource } from "./rollout-source.js";
import { applyToolMask } from "./tool-tokens.js";

/**
 * Groups that were sampled before, by this policy or another, instead of new ones: each once an epoch, in a new order every time.
 * Their log-probabilities are those of the policy that sampled them, so that the ratio of the loss, or importance weights
 * (`oldLogProbs: trainer`), account for the distance. With dynamic sampling, groups without differences are left out beforehand.
 *
 * @throws RetoolError when the config needs rollouts of the policy as it is, or no group is left.
 */
export function openRecorded<Closure>(context: TrainContext<Closure>, all: readonly (readonly GradedRollout[])[]): RolloutSource {
  const { config, seed, policy } = context;
  if (config.offPolicySteps === 1) throw option("offPolicySteps", "0: the rollouts are there already");
  if (config.critic.pretrainSteps > 0 && config.advantage === "gae") throw option("critic.pretrainSteps", "0: nothing is sampled");
  if (config.curriculum !== null) throw option("curriculum", "null: the problems are chosen already");
  if (config.advantage === "remax") throw option("advantage", "another estimator than remax, which samples with the policy as it is");
  const groups = config.dynamicSampling === null ? all : all.filter((group) => isInformative(grouped([group])));
  if (groups.length === 0) throw option("rollouts", `at least one group${all.length > 0 ? " whose rollouts differ in their score" : ""}`);
  const order = new EpochOrder(groups, seed);
  return {
    next: async (state: RlState): Promise<StepRollouts | undefined> => {
      if (context.signal?.aborted === true) return undefined;
      const from = requestOf(context, state).problemsTaken;
      const taken = Array.from({ length: config.promptsPerStep }, (_, i) => order.at(from + i));
      return {
        rollouts: await applyToolMask(grouped(taken), policy.engine, config),
        keptGroups: new Set(taken.keys()),
        problemsTaken: from + taken.length,
        metrics: { "rollout/epoch": (from + taken.length) / groups.length },
      };
    },
    save: async () => {},
    close: async () => {},
  };
}

/** Groups epoch after epoch; the same index always gives the same group. */
class EpochOrder {
  readonly #groups: readonly (readonly GradedRollout[])[];
  readonly #seed: number;
  #epoch = -1;
  #order: readonly (readonly GradedRollout[])[] = [];

  constructor(groups: readonly (readonly GradedRollout[])[], seed: number) {
    this.#groups = groups;
    this.#seed = seed;
  }

  at(index: number): readonly GradedRollout[] {
    const { length } = this.#groups;
    const epoch = Math.floor(index / length);
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#order = new RandomStream(this.#seed, ["recorded-rollouts", epoch]).shuffle(this.#groups);
    }
    return this.#order[index % length]!;
  }
}

function option(name: string, expected: string): RetoolError {
  return new RetoolError("OPTION", `${name}: with recorded rollouts, expected ${expected}`);
}
