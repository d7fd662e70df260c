import type { ResponseReward } from "@retool-ts/reward";
import type { AdvantageFunction } from "./advantages.js";
import type { PolicyLossFunction } from "@retool-ts/algorithms";

/** Functions of one's own, in place of those that the config names. */
export interface RecipeExtensions {
  /** Instead of `train.advantage`. With `train.advantage: gae` it is given a critic's values as well. */
  readonly advantage?: AdvantageFunction;
  /** Instead of `train.loss`; corrections, KL penalty, entropy bonus and aggregation stay with the config. */
  readonly loss?: PolicyLossFunction;
  /** Instead of `reward`. */
  readonly reward?: ResponseReward;
}
