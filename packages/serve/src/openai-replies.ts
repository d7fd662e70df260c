import type { Tokenizer } from "@retool-ts/data";
import type { TokenAlternative, TurnTokens } from "@retool-ts/engine";
import type { HttpFault } from "@retool-ts/http";

/** Token counts of a request. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

/** Counts of one prompt and its choices. */
export function usageOf(promptTokens: number, completionTokens: number, cachedTokens: number): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

/** A call in a message. */
export interface ReplyCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

export type FinishReason = "stop" | "length" | "tool_calls";

/** The API's word for the end of a reply. */
export function finishReason({ finish }: Pick<TurnTokens, "finish">, calls: number): FinishReason {
  if (finish === "length" || finish === "full") return "length";
  return calls > 0 ? "tool_calls" : "stop";
}

/** One token's log-probability; `bytes` is null for tokens that are not whole characters. */
export interface TopLogProb {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[] | null;
}

/** A sampled token's log-probability, and those of the likeliest at its place. */
export interface TokenLogProb extends TopLogProb {
  readonly top_logprobs: readonly TopLogProb[];
}

/** Tokens with their log-probabilities, and the likeliest at each place where they were asked for. */
export type ScoredTokens = Pick<TurnTokens, "tokenIds" | "logProbs" | "topLogProbs">;

/** Log-probabilities of tokens at the request's temperature, as chat completions carry them. */
export function tokenLogProbs(tokenizer: Tokenizer, { tokenIds, logProbs, topLogProbs }: ScoredTokens): TokenLogProb[] {
  const shown = ({ tokenId, logProb }: TokenAlternative): TopLogProb => {
    const token = tokenizer.decode([tokenId]);
    return { token, logprob: logProb, bytes: token.includes("\ufffd") ? null : [...new TextEncoder().encode(token)] };
  };
  return tokenIds.map((tokenId, i) => ({
    ...shown({ tokenId, logProb: logProbs[i]! }),
    top_logprobs: (topLogProbs?.[i] ?? []).map(shown),
  }));
}

/** The API's shape of an error. */
export function errorBody({ status, message, param, code }: HttpFault): unknown {
  const type =
    status === 401
      ? "authentication_error"
      : status === 429
        ? "rate_limit_error"
        : status >= 500
          ? "server_error"
          : "invalid_request_error";
  return { error: { message, type, param: param ?? null, code: code ?? null } };
}

/** One event of a stream. */
export function sseEvent(data: unknown): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}
