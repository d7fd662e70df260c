/**
 * Training and sampling on other machines over the Tinker API. The wire format is in `@retool-ts/tinker/wire`.
 *
 * @packageDocumentation
 */
export { type WaitNotice, type WaitOptions } from "./client/await-result.js";
export { type RetryPolicy } from "./client/back-off.js";
export { type ChunkLimits } from "./client/chunks.js";
export {
  TinkerAnswerError,
  TinkerAuthenticationError,
  TinkerBusyError,
  TinkerConflictError,
  TinkerConnectionError,
  TinkerError,
  TinkerFailedError,
  TinkerInputError,
  TinkerNotFoundError,
  TinkerPaymentError,
  TinkerRequestError,
  TinkerServerError,
  TinkerTimeoutError,
  TinkerUnsupportedError,
  TinkerValueError,
  type TinkerErrorOptions,
} from "./client/errors.js";
export { Gate } from "./client/lane.js";
export { type HeartbeatState } from "./client/heartbeat.js";
export { type Control, Requests, type Started } from "./client/requests.js";
export { SamplingWeights, type SampleOptions, type SamplingSession, type WeightsName } from "./client/sampling-weights.js";
export { systemTimer, type ClientTimer } from "./client/timer.js";
export { TinkerClient, type CreateModelOptions, type TinkerClientOptions } from "./client/tinker-client.js";
export {
  TrainingModel,
  type PassOptions,
  type PassResult,
  type PassSource,
  type StepResult,
  type TrainingModelOptions,
} from "./client/training-model.js";
export { Transport, type Answer, type Call, type TransportOptions } from "./client/transport.js";
export { unloadOnSignals, type SignalSource } from "./client/unload-on-signals.js";
export { WireError } from "./wire/wire-error.js";
export { type EngineFacts } from "./engine/server-model.js";
export { HOSTED_SEMANTICS, REDUCTIONS, type ServerReduction, type ServerSemantics } from "./engine/server-semantics.js";
export { StopIds } from "./engine/stop-ids.js";
export { TinkerEngine } from "./engine/tinker-engine.js";
export type { TinkerEngineOptions, TinkerOptimizer } from "./engine/tinker-engine-options.js";
export { TinkerSampler, type TinkerSamplerParts, type TokenParams, type TokenSource } from "./engine/tinker-sampler.js";
export { TinkerSnapshot, type FrozenSource, type SnapshotParts } from "./engine/tinker-snapshot.js";
export { type GradientFindings, type Measurement } from "./probe/probe-gradients.js";
export { type SamplingFindings } from "./probe/probe-sampling.js";
export { probeServer, type ProbeOptions, type ServerReport } from "./probe/probe-server.js";
export { type ShapeFindings } from "./probe/probe-shapes.js";
export { reportLines, type ReportLine } from "./probe/report-table.js";
