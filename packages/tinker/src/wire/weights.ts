/** Body of `save_weights`: weights and optimizer. */
export interface SaveWeightsRequest {
  readonly model_id: string;
  readonly path: string;
  readonly seq_id?: number | null;
  readonly overwrite?: boolean;
  readonly ttl_seconds?: number | null;
  readonly type?: "save_weights";
}

/** Result of `save_weights`. */
export interface SaveWeightsResult {
  readonly type?: "save_weights";
  readonly path: string;
}

/**
 * Body of `load_weights`. Newer SDKs make the model by it and name a session; older ones name a model that has had no other request yet.
 * Without `optimizer` the moments start at zero.
 */
export interface LoadWeightsRequest {
  readonly model_id?: string;
  readonly session_id?: string;
  readonly model_seq_id?: number;
  readonly path: string;
  readonly optimizer?: boolean;
  readonly seq_id?: number | null;
  readonly type?: "load_weights";
}

/** Result of `load_weights`. */
export interface LoadWeightsResult {
  readonly type?: "load_weights";
  readonly path?: string;
  readonly model_id?: string;
}

/** Body of `save_weights_for_sampler`: under a name, or for a sampling session that the server makes. */
export interface SaveWeightsForSamplerRequest {
  readonly model_id: string;
  readonly path?: string | null;
  readonly sampling_session_seq_id?: number | null;
  readonly kind?: "snapshot";
  readonly seq_id?: number | null;
  readonly ttl_seconds?: number | null;
  readonly type?: "save_weights_for_sampler";
}

/** Result of `save_weights_for_sampler`: one of the two. */
export interface SaveWeightsForSamplerResult {
  readonly type?: "save_weights_for_sampler";
  readonly path?: string | null;
  readonly sampling_session_id?: string | null;
}

/** Body of `create_sampling_session`: of a base model or of a path. */
export interface CreateSamplingSessionRequest {
  readonly session_id: string;
  readonly sampling_session_seq_id: number;
  readonly base_model?: string | null;
  readonly model_path?: string | null;
  readonly type?: "create_sampling_session";
}

/** Result of `create_sampling_session`. */
export interface CreateSamplingSessionResponse {
  readonly type?: "create_sampling_session";
  readonly sampling_session_id: string;
}

/** Result of `GET samplers/{id}`. */
export interface SamplerInfo {
  readonly sampler_id: string;
  readonly base_model: string;
  readonly model_path?: string | null;
}

/** Body of `weights_info`. */
export interface WeightsInfoRequest {
  readonly tinker_path: string;
}

/** Facts about a checkpoint. */
export interface WeightsInfoResponse {
  readonly base_model: string;
  readonly is_lora: boolean;
  readonly lora_rank?: number | null;
  readonly lora_alpha?: number | null;
  readonly train_attn?: boolean;
  readonly train_mlp?: boolean;
  readonly train_unembed?: boolean;
}

/** A checkpoint in a list. */
export interface CheckpointInfo {
  readonly checkpoint_id: string;
  readonly checkpoint_type: "training" | "sampler";
  readonly time?: string | null;
  readonly tinker_path: string;
  readonly expires_at?: string | number | null;
}

/** Result of `GET training_runs/{id}/checkpoints`. */
export interface CheckpointList {
  readonly checkpoints: readonly CheckpointInfo[];
}
