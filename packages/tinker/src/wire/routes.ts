import type { ForwardBackwardOutput, ForwardBackwardRequest, ForwardRequest } from "./forward-backward.js";
import type { RetrieveFutureRequest } from "./futures.js";
import type {
  CreateModelRequest,
  CreateModelResult,
  CreateSessionRequest,
  CreateSessionResponse,
  GetInfoRequest,
  GetInfoResponse,
  OptimStepRequest,
  OptimStepResult,
  SessionHeartbeatRequest,
  UnloadModelRequest,
  UnloadModelResult,
} from "./models.js";
import type { SampleRequest, SampleResponse } from "./sample.js";
import type {
  CreateSamplingSessionRequest,
  CreateSamplingSessionResponse,
  LoadWeightsRequest,
  LoadWeightsResult,
  SaveWeightsForSamplerRequest,
  SaveWeightsForSamplerResult,
  SaveWeightsRequest,
  SaveWeightsResult,
  WeightsInfoRequest,
  WeightsInfoResponse,
} from "./weights.js";

/** Where the API begins, below the base URL. */
export const API_PREFIX = "/api/v1";
/** Content type of protobuf bodies. */
export const PROTOBUF = "application/x-protobuf";
/** Content type of JSON bodies. */
export const JSON_TYPE = "application/json";

/** POST routes that answer at once. */
export interface DirectRoutes {
  readonly "client/config": { readonly request: { readonly sdk_version?: string }; readonly response: Readonly<Record<string, unknown>> };
  readonly "client/dynamic_config": {
    readonly request: { readonly sdk_version?: string };
    readonly response: Readonly<Record<string, unknown>>;
  };
  readonly create_session: { readonly request: CreateSessionRequest; readonly response: CreateSessionResponse };
  readonly session_heartbeat: { readonly request: SessionHeartbeatRequest; readonly response: { readonly type?: "session_heartbeat" } };
  readonly get_info: { readonly request: GetInfoRequest; readonly response: GetInfoResponse };
  readonly create_sampling_session: { readonly request: CreateSamplingSessionRequest; readonly response: CreateSamplingSessionResponse };
  readonly weights_info: { readonly request: WeightsInfoRequest; readonly response: WeightsInfoResponse };
  readonly retrieve_future: { readonly request: RetrieveFutureRequest; readonly response: unknown };
}

/** POST routes that answer with a `FutureHandle`; `result` is what it becomes. */
export interface FutureRoutes {
  readonly create_model: { readonly request: CreateModelRequest; readonly result: CreateModelResult };
  readonly forward_backward: { readonly request: ForwardBackwardRequest; readonly result: ForwardBackwardOutput };
  readonly forward: { readonly request: ForwardRequest; readonly result: ForwardBackwardOutput };
  readonly optim_step: { readonly request: OptimStepRequest; readonly result: OptimStepResult };
  readonly asample: { readonly request: SampleRequest; readonly result: SampleResponse };
  readonly save_weights: { readonly request: SaveWeightsRequest; readonly result: SaveWeightsResult };
  readonly load_weights: { readonly request: LoadWeightsRequest; readonly result: LoadWeightsResult };
  readonly save_weights_for_sampler: { readonly request: SaveWeightsForSamplerRequest; readonly result: SaveWeightsForSamplerResult };
  readonly unload_model: { readonly request: UnloadModelRequest; readonly result: UnloadModelResult };
}

/** A route of {@link FutureRoutes}. */
export type FutureRoute = keyof FutureRoutes;
/** A route of {@link DirectRoutes}. */
export type DirectRoute = keyof DirectRoutes;
