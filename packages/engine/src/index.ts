/**
 * The door between a training loop and what computes: {@link Engine}, {@link Sampler}, and losses as data. No tensors, no model, no
 * network.
 *
 * @packageDocumentation
 */
export {
  type CriticEngine,
  type Engine,
  type EngineModel,
  type EngineSampler,
  type ForwardBackwardOptions,
  type ForwardBackwardResult,
  type LoadStateOptions,
  type OptimStepOptions,
  type OptimStepResult,
  type SamplingEngine,
  type Scorer,
  type ScoringOptions,
  type SharedWeights,
  type Snapshot,
} from "./engine.js";
export {
  AGGREGATIONS,
  KL_ESTIMATORS,
  POLICY_LOSSES,
  SAPO_TAUS,
  VESPO_KERNELS,
  type Aggregation,
  type CrossEntropyLoss,
  type KLEstimatorName,
  type LossSpec,
  type PolicyLoss,
  type PolicyLossName,
  type PolicyLossTerms,
  type SAPOTaus,
  type StepCounts,
  type ValueLossSpec,
  type VESPOKernels,
} from "./loss.js";
export {
  type Sampler,
  type SamplerOptions,
  type SamplingParameters,
  type TextStream,
  type TurnRequest,
  type TurnTokens,
  type TokenAlternative,
} from "./sampler.js";
export { StopStringScanner } from "./stop-strings.js";
export { countTargets, microBatches, type TrainingRow } from "./training-row.js";
