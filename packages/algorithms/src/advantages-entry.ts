/**
 * Advantages and KL penalties of plain numbers: nothing here needs a tensor.
 *
 * @packageDocumentation
 */
export { groupAdvantages, type GroupAdvantageOptions } from "./advantages.js";
export { leaveOneOutAdvantages, remaxAdvantages } from "./baselines.js";
export { decoupledAdvantages, type DecoupledAdvantageOptions } from "./decoupled.js";
export { generalizedAdvantages, whitenMasked, type GAEOptions, type GAEResult, type Rows } from "./gae.js";
export { informativeSamples, zeroVarianceGroupShare, type GroupId } from "./groups.js";
export { klPenaltyValues, type RewardKLEstimator } from "./kl-values.js";
export { preferenceAdvantages, type PreferenceInputs } from "./preference-advantages.js";
export { discountedReturns, reinforcePlusPlusAdvantages, reinforcePlusPlusBaselineAdvantages, type DiscountOptions } from "./reinforce.js";
export { optimalTokenBaselineAdvantages, type TokenBaselineInputs, type TokenBaselineOptions } from "./token-baseline.js";
export { selfDistillationAdvantages, type SelfDistillationInputs } from "./self-distillation.js";
export { turnAdvantages, type TurnAdvantageOptions, type TurnRewards } from "./turn-advantages.js";
