/** Settings of an adapter. */
export interface LoRAConfig {
  readonly rank: number;
  readonly seed?: number | null;
  readonly train_attn?: boolean;
  readonly train_mlp?: boolean;
  readonly train_unembed?: boolean;
  /** Named by servers in results alone. */
  readonly alpha?: number;
}

/** Body of `create_session`. `user_metadata` is left out rather than null, which one server refuses. */
export interface CreateSessionRequest {
  readonly tags: readonly string[];
  readonly user_metadata?: Readonly<Record<string, string>>;
  readonly sdk_version: string;
  readonly type?: "create_session";
}

/** Result of `create_session`, with messages for people. */
export interface CreateSessionResponse {
  readonly type?: "create_session";
  readonly session_id: string;
  readonly info_message?: string | null;
  readonly warning_message?: string | null;
  readonly error_message?: string | null;
}

/** Body of `session_heartbeat`. */
export interface SessionHeartbeatRequest {
  readonly session_id: string;
  readonly type?: "session_heartbeat";
}

/** Body of `create_model`. */
export interface CreateModelRequest {
  readonly session_id: string;
  /** Counts the models of a session. */
  readonly model_seq_id: number;
  readonly base_model: string;
  readonly lora_config?: LoRAConfig;
  readonly optimizer_config?: { readonly type: "adamw" } | null;
  readonly model_role?: string;
  readonly user_metadata?: Readonly<Record<string, string>> | null;
  readonly type?: "create_model";
}

/** Result of the future of `create_model`, which can fail. */
export interface CreateModelResult {
  readonly type?: "create_model";
  readonly model_id: string;
  readonly base_model?: string;
  readonly lora_config?: LoRAConfig;
}

/** Body of `get_info`. */
export interface GetInfoRequest {
  readonly model_id: string;
  readonly type?: "get_info";
}

/** Facts about a model. */
export interface GetInfoResponse {
  readonly type?: "get_info";
  readonly model_id: string;
  readonly model_data: {
    readonly arch?: string;
    readonly model_name?: string;
    readonly tokenizer_id?: string;
    readonly base_model?: string;
    readonly lora_config?: LoRAConfig | null;
  };
  readonly is_lora?: boolean;
  readonly lora_rank?: number | null;
  readonly model_name?: string;
  readonly status?: string;
}

/** Settings of AdamW. `grad_clip_norm` 0 clips nothing; some servers ignore it. */
export interface AdamParams {
  readonly learning_rate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  readonly weight_decay?: number;
  readonly grad_clip_norm?: number;
}

/** Body of `optim_step`. */
export interface OptimStepRequest {
  readonly model_id: string;
  readonly seq_id?: number | null;
  readonly adam_params: AdamParams;
  readonly type?: "optim_step";
}

/** Result of `optim_step`; the gradient's norm has a name that differs between servers, or is absent. */
export interface OptimStepResult {
  readonly type?: "optim_step";
  readonly metrics?: Readonly<Record<string, number | null>> | null;
}

/** Body of `unload_model`. */
export interface UnloadModelRequest {
  readonly model_id: string;
  readonly type?: "unload_model";
}

/** Result of `unload_model`. */
export interface UnloadModelResult {
  readonly type?: "unload_model";
  readonly model_id?: string;
}

/** A model that a server offers: by `model_name`, or by `model_id`. */
export interface SupportedModel {
  readonly model_name?: string;
  readonly model_id?: string;
  readonly max_context_length?: number | null;
  readonly tokenizer_id?: string;
}

/** What a server says of itself. */
export interface ServerCapabilities {
  readonly supported_models?: readonly SupportedModel[];
  readonly supported_loss_fns?: readonly string[];
  /** Settings that every loss takes in `loss_fn_config`. No part of the hosted API: {@link WEIGHTED_ONLY} is the one that is known. */
  readonly supported_loss_options?: readonly string[];
}

/**
 * Leaves out what is not learned: at 1 the log-probabilities of targets of weight 0 come back as 0, so that a server spares their logits. A
 * server that takes it names it in its capabilities.
 */
export const WEIGHTED_ONLY = "weighted_only";
