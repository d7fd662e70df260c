import type { ModelInput } from "./forward-backward.js";

/** Settings of sampling. `stop` is token ids or text; a matched id stays in the tokens on the servers that were tried. */
export interface WireSamplingParams {
  readonly max_tokens?: number | null;
  readonly temperature?: number;
  readonly top_p?: number;
  /** −1 keeps all. */
  readonly top_k?: number;
  readonly seed?: number | null;
  readonly stop?: readonly number[] | readonly string[] | string | null;
}

/** Body of `asample`: the weights are named by one of a sampling session, a path, or a base model. */
export interface SampleRequest {
  readonly num_samples?: number;
  readonly prompt: ModelInput;
  readonly sampling_params: WireSamplingParams;
  readonly base_model?: string | null;
  readonly model_path?: string | null;
  readonly sampling_session_id?: string | null;
  readonly seq_id?: number | null;
  readonly prompt_logprobs?: boolean | null;
  readonly topk_prompt_logprobs?: number;
  readonly topk_sample_logprobs?: number;
  readonly prompt_alt_tokens_k?: number;
  readonly record_stability_info?: boolean;
  readonly type?: "sample";
}

/** Tokens that were drawn. */
export interface SampledSequence {
  readonly stop_reason: "stop" | "length";
  readonly tokens: ArrayLike<number>;
  readonly logprobs?: ArrayLike<number> | null;
}

/** The likeliest tokens of a position with their log-probabilities; null where nothing precedes. */
export type TopLogProbs = readonly (readonly [tokenId: number, logProb: number])[] | null;

/** Result of `asample`. */
export interface SampleResponse {
  readonly type?: "sample";
  readonly sequences: readonly SampledSequence[];
  /** One a token of the prompt, of which the first has none; some servers leave the first out. */
  readonly prompt_logprobs?: readonly (number | null)[] | null;
  readonly topk_prompt_logprobs?: readonly TopLogProbs[] | null;
}
