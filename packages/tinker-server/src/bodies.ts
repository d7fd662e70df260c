import { z } from "zod";
import { CHECKPOINT_NAME } from "./state/checkpoint-path.js";

/** Names and ids that clients send; they come back in messages and file names. */
const Id = z.string().min(1).max(200);
const Seq = z.int().min(0).nullish();
const Seconds = z.number().positive().nullish();
const Metadata = z.record(z.string(), z.unknown()).nullish();
const Optimizer = z.looseObject({ type: z.literal("adamw") }).nullish();

const Tensor = z.object({
  data: z.array(z.number()),
  dtype: z.enum(["unspecified", "float32", "int64", "int32", "bfloat16"]).optional(),
  shape: z.array(z.int().min(0)).nullish(),
  sparse_crow_indices: z.array(z.number()).nullish(),
  sparse_col_indices: z.array(z.number()).nullish(),
});
const ModelInput = z.object({
  chunks: z.array(z.object({ type: z.literal("encoded_text").optional(), tokens: z.array(z.number()) })),
});
const LossInput = z.object({
  data: z.array(z.object({ model_input: ModelInput, loss_fn_inputs: z.record(z.string(), Tensor) })),
  loss_fn: z.string(),
  loss_fn_config: z.record(z.string(), z.union([z.number(), z.string()])).nullish(),
});

/** Bodies of requests as JSON. Fields that are not here are of other versions or servers, and mean nothing. */
export const Bodies = {
  createSession: z.object({ tags: z.array(z.string()).nullish(), user_metadata: Metadata, sdk_version: z.string().nullish() }),
  session: z.object({ session_id: Id }),
  createModel: z.object({
    session_id: Id,
    model_seq_id: z.int().min(0),
    base_model: z.string().max(1000),
    lora_config: z
      .object({
        rank: z.int().positive(),
        seed: z.int().nullish(),
        train_attn: z.boolean().nullish(),
        train_mlp: z.boolean().nullish(),
        train_unembed: z.boolean().nullish(),
      })
      .nullish(),
    optimizer_config: Optimizer,
  }),
  model: z.object({ model_id: Id }),
  forwardBackward: z.object({ model_id: Id, seq_id: Seq, forward_only: z.boolean().optional(), forward_backward_input: LossInput }),
  forward: z.object({ model_id: Id, seq_id: Seq, forward_input: LossInput }),
  optimStep: z.object({
    model_id: Id,
    seq_id: Seq,
    adam_params: z.object({
      learning_rate: z.number().min(0).default(1e-4),
      beta1: z.number().min(0).lt(1).default(0.9),
      beta2: z.number().min(0).lt(1).default(0.95),
      eps: z.number().positive().default(1e-12),
      weight_decay: z.number().min(0).default(0),
      grad_clip_norm: z.number().default(0),
    }),
  }),
  sample: z.object({
    num_samples: z.int().optional(),
    prompt: ModelInput,
    sampling_params: z.object({
      max_tokens: z.int().nullish(),
      temperature: z.number().optional(),
      top_p: z.number().optional(),
      top_k: z.int().optional(),
      seed: z.int().nullish(),
      stop: z.union([z.string(), z.array(z.string()), z.array(z.int())]).nullish(),
    }),
    base_model: z.string().nullish(),
    model_path: z.string().nullish(),
    sampling_session_id: Id.nullish(),
    seq_id: Seq,
    prompt_logprobs: z.boolean().nullish(),
    topk_prompt_logprobs: z.int().nullish(),
    topk_sample_logprobs: z.int().nullish(),
    prompt_alt_tokens_k: z.int().nullish(),
    target_prompt_logprobs: z.unknown().optional(),
    prompt_logprobs_last_n: z.int().nullish(),
  }),
  saveWeights: z.object({
    model_id: Id,
    path: z.string().regex(CHECKPOINT_NAME),
    seq_id: Seq,
    overwrite: z.boolean().nullish(),
    ttl_seconds: Seconds,
  }),
  saveSampler: z.object({
    model_id: Id,
    path: z.string().regex(CHECKPOINT_NAME).nullish(),
    sampling_session_seq_id: z.int().min(0).nullish(),
    seq_id: Seq,
    ttl_seconds: Seconds,
  }),
  loadWeights: z.object({
    model_id: Id.nullish(),
    seq_id: Seq,
    session_id: Id.nullish(),
    model_seq_id: z.int().min(0).nullish(),
    base_model: z.string().nullish(),
    path: z.string().max(1000),
    optimizer: z.boolean().default(true),
    optimizer_config: Optimizer,
  }),
  createSamplingSession: z.object({
    session_id: Id,
    sampling_session_seq_id: z.int().min(0),
    base_model: z.string().nullish(),
    model_path: z.string().nullish(),
  }),
  samplingSession: z.object({ sampling_session_id: Id }),
  retrieve: z.object({ request_id: Id }),
  weightsInfo: z.object({ tinker_path: z.string().max(1000) }),
  anything: z.unknown(),
};
