import type { TensorData } from "./tensor-data.js";

/** Token ids, as the parts of a prompt or a training input. */
export interface TokenChunk {
  readonly type?: "encoded_text";
  readonly tokens: ArrayLike<number>;
}

/** Tokens that a model reads. */
export interface ModelInput {
  readonly chunks: readonly TokenChunk[];
}

/**
 * A sequence to learn from. Its tensors have one number a token of the input; the client has shifted them, so that `target_tokens` are the
 * input's successors.
 */
export interface Datum {
  readonly model_input: ModelInput;
  /** `target_tokens`, and by loss `weights`, `advantages`, `logprobs`, `values`, `returns`. */
  readonly loss_fn_inputs: Readonly<Record<string, TensorData>>;
}

/** Settings of a loss, such as `clip_low_threshold`. */
export type LossConfig = Readonly<Record<string, number | string>>;

/** Sequences and the loss over them. */
export interface LossInput {
  readonly data: readonly Datum[];
  readonly loss_fn: string;
  readonly loss_fn_config?: LossConfig | null;
}

/** Body of `forward_backward`, of which `forward_only` asks for log-probabilities alone. */
export interface ForwardBackwardRequest {
  readonly model_id: string;
  /** One counter a model over all its requests: the order in which they take effect, whatever the order they arrive in. */
  readonly seq_id?: number | null;
  readonly forward_only?: boolean;
  readonly forward_backward_input: LossInput;
}

/** Body of `forward`, a route of servers without protobuf. */
export interface ForwardRequest {
  readonly model_id: string;
  readonly seq_id?: number | null;
  readonly forward_input: LossInput;
}

/** What a pass gives, one record of tensors a datum. */
export interface ForwardBackwardOutput {
  readonly type?: string;
  readonly loss_fn_output_type: string;
  readonly loss_fn_outputs: readonly Readonly<Record<string, TensorData>>[];
  readonly metrics?: Readonly<Record<string, number>>;
}
