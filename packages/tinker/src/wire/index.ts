/**
 * The Tinker API on the wire: bodies as types, and the protobuf codec of those that have bytes. Client and server share it.
 *
 * @packageDocumentation
 */
export {
  type Datum,
  type ForwardBackwardOutput,
  type ForwardBackwardRequest,
  type ForwardRequest,
  type LossConfig,
  type LossInput,
  type ModelInput,
  type TokenChunk,
} from "./forward-backward.js";
export { decodeForwardBackwardOutput, encodeForwardBackwardOutput } from "./forward-backward-output-proto.js";
export { decodeForwardBackwardRequest, encodeForwardBackwardRequest } from "./forward-backward-request-proto.js";
export { type ErrorBody, type FailedResult, type FutureHandle, type RetrieveFutureRequest, type TryAgain } from "./futures.js";
export { jsonBody } from "./json-body.js";
export {
  type AdamParams,
  type CreateModelRequest,
  type CreateModelResult,
  type CreateSessionRequest,
  type CreateSessionResponse,
  type GetInfoRequest,
  type GetInfoResponse,
  type LoRAConfig,
  type OptimStepRequest,
  type OptimStepResult,
  type ServerCapabilities,
  type SessionHeartbeatRequest,
  type SupportedModel,
  type UnloadModelRequest,
  type UnloadModelResult,
  WEIGHTED_ONLY,
} from "./models.js";
export { API_PREFIX, JSON_TYPE, PROTOBUF, type DirectRoute, type DirectRoutes, type FutureRoute, type FutureRoutes } from "./routes.js";
export { type SampledSequence, type SampleRequest, type SampleResponse, type TopLogProbs, type WireSamplingParams } from "./sample.js";
export { decodeSampleResponse, encodeSampleResponse } from "./sample-proto.js";
export { DTYPES, tensorBytes, tensorNumbers, type DType, type TensorData } from "./tensor-data.js";
export {
  type CheckpointInfo,
  type CheckpointList,
  type CreateSamplingSessionRequest,
  type CreateSamplingSessionResponse,
  type LoadWeightsRequest,
  type LoadWeightsResult,
  type SamplerInfo,
  type SaveWeightsForSamplerRequest,
  type SaveWeightsForSamplerResult,
  type SaveWeightsRequest,
  type SaveWeightsResult,
  type WeightsInfoRequest,
  type WeightsInfoResponse,
} from "./weights.js";
export { WireError } from "./wire-error.js";
