/**
 * Advantages, losses, KL penalties and aggregation for policy-gradient training of language models, as pure functions.
 *
 * @packageDocumentation
 */
export { groupAdvantages, zeroVarianceGroupShare, type GroupAdvantageOptions, type GroupId } from "./advantages.js";
export { aggregateLoss, type AggregateOptions, type AggregationMode } from "./aggregate.js";
export { generalizedAdvantages, whitenMasked, type GAEOptions, type GAEResult, type Rows } from "./gae.js";
export { truncatedImportanceWeights, type ImportanceOptions } from "./importance.js";
export { klPenalty, type KLEstimator, type KLPenaltyOptions } from "./kl.js";
export { clippedSurrogateLoss, type ClippedSurrogate, type ClippedSurrogateOptions } from "./losses.js";
export { overlongPenalty, type OverlongOptions } from "./overlong.js";
export { stopGradient } from "./stop-gradient.js";
export type { TokenTensor } from "./token-tensor.js";
export { clippedValueLoss, type ClippedValue, type ClippedValueOptions } from "./value-loss.js";
