/**
 * Advantages, losses, KL penalties and aggregation for policy-gradient training of language models, as pure functions.
 *
 * @packageDocumentation
 */
export { groupAdvantages, type GroupAdvantageOptions } from "./advantages.js";
export { aggregateLoss, type AggregateOptions, type AggregationMode } from "./aggregate.js";
export { leaveOneOutAdvantages, remaxAdvantages } from "./baselines.js";
export { cispoLoss, type CISPOLoss, type CISPOOptions } from "./cispo.js";
export { decoupledAdvantages, type DecoupledAdvantageOptions } from "./decoupled.js";
export { dppoLoss, type DPPOLoss, type DPPOOptions } from "./dppo.js";
export { entropyBonus, type EntropyBonusOptions } from "./entropy.js";
export { generalizedAdvantages, whitenMasked, type GAEOptions, type GAEResult, type Rows } from "./gae.js";
export { informativeSamples, zeroVarianceGroupShare, type GroupId } from "./groups.js";
export { gspoLoss, type GSPOLoss, type GSPOOptions } from "./gspo.js";
export { truncatedImportanceWeights, type ImportanceOptions } from "./importance.js";
export { klPenaltyValues, type RewardKLEstimator } from "./kl-values.js";
export { klPenalty, type KLEstimator, type KLPenaltyOptions } from "./kl.js";
export { clippedSurrogateLoss, type ClippedSurrogate, type ClippedSurrogateOptions } from "./losses.js";
export { tokenLoss, valueLoss } from "./loss-by-name.js";
export {
  geometricSequenceMask,
  maskedImportanceWeights,
  type GeometricMaskOptions,
  type MaskedImportanceOptions,
} from "./masked-importance.js";
export { policyLoss, policyLossWith, type PolicyLossFunction, type PolicyLossInputs, type PolicyLossParts } from "./policy-loss.js";
export { preferenceAdvantages, type PreferenceInputs } from "./preference-advantages.js";
export { discountedReturns, reinforcePlusPlusAdvantages, reinforcePlusPlusBaselineAdvantages, type DiscountOptions } from "./reinforce.js";
export { sapoLoss, type SAPOLoss, type SAPOOptions } from "./sapo.js";
export {
  offPolicySequenceMask,
  sequenceImportanceWeights,
  type OffPolicyMaskOptions,
  type SequenceImportanceOptions,
} from "./sequence-importance.js";
export { type PackedRows } from "./sequence-sum.js";
export { stopGradient } from "./stop-gradient.js";
export { optimalTokenBaselineAdvantages, type TokenBaselineInputs, type TokenBaselineOptions } from "./token-baseline.js";
export type { LossInputs, LossResult, TokenLoss, ValueLoss, ValueLossInputs } from "./token-loss.js";
export type { TokenTensor } from "./token-tensor.js";
export { selfDistillationAdvantages, type SelfDistillationInputs } from "./self-distillation.js";
export { turnAdvantages, type TurnAdvantageOptions, type TurnRewards } from "./turn-advantages.js";
export { unbiasedKLPenalty } from "./unbiased-kl.js";
export { clippedValueLoss, type ClippedValue, type ClippedValueOptions } from "./value-loss.js";
export { vespoLoss, type VESPOKernel, type VESPOLoss, type VESPOOptions } from "./vespo.js";
