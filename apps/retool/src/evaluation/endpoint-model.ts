import type { ToolSchema } from "@retool-ts/data";
import type { SamplingParameters } from "@retool-ts/engine";
import { z } from "zod";
import { askEndpoint, type ChatEndpoint, type EndpointReply } from "../data-build/chat-endpoint.js";
import type { ReplyCache } from "../data-build/reply-cache.js";

/** A call as OpenAI's API carries it. */
export interface WireCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

/** A message as OpenAI's API carries it. */
export interface WireMessage {
  readonly role: string;
  readonly content: string | null;
  readonly tool_calls?: readonly WireCall[];
  readonly tool_call_id?: string;
}

const Call = z.object({
  id: z.string().nullish(),
  function: z.object({ name: z.string(), arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish() }),
});

/** The fields of a chat completion that are read. */
export const Completion = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          reasoning: z.string().nullish(),
          tool_calls: z.array(Call).nullish(),
        }),
        finish_reason: z.string().nullish(),
        token_ids: z.array(z.int()).nullish(),
      }),
    )
    .min(1),
  prompt_token_ids: z.array(z.int()).nullish(),
  usage: z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) }).nullish(),
});
export type Completion = z.infer<typeof Completion>;

/** One turn to be written. */
export interface TurnQuestion {
  readonly messages: readonly WireMessage[];
  readonly maxTokens: number;
  readonly seed: number;
  /** Where the server takes it: names the random numbers of the rollout as in training, in place of the seed. */
  readonly noiseKey: readonly [number, number];
  /** The conversation up to the last reply, where the server told its tokens. */
  readonly prefixIds: readonly number[] | undefined;
  /** Tells samples of one problem apart, where a server heeds no seed. */
  readonly sample: readonly [problemId: string, sampleIndex: number];
}

/** What was asked of an endpoint, and how it went. */
export interface RequestCounts {
  requests: number;
  retries: number;
  /** Replies that an interrupted evaluation had left. */
  cached: number;
  failed: number;
  /** Replies without a `usage`: their tokens count as none. */
  withoutUsage: number;
}

/** Options of {@link EndpointModel}. */
export interface EndpointModelOptions {
  readonly endpoint: ChatEndpoint;
  /** The model's name there. */
  readonly name: string;
  readonly sampling: SamplingParameters;
  readonly tools: readonly ToolSchema[];
  /** Texts of a server's own template for a model without one. */
  readonly template?: Readonly<Record<string, string>>;
  /** The server takes `noise_key` and `prefix_token_ids`: what it samples is what a rollout in its own process would. */
  readonly isExact?: boolean;
  /** Replies that need not be asked for again. */
  readonly cache?: ReplyCache<Completion> | undefined;
}

/** Name of the limit that OpenAI's newer models want; others know only the older one. */
const NEWER_LIMIT = "max_completion_tokens";

/** A model behind an OpenAI-compatible server. */
export class EndpointModel {
  readonly counts: RequestCounts = { requests: 0, retries: 0, cached: 0, failed: 0, withoutUsage: 0 };
  readonly #options: EndpointModelOptions;
  readonly #endpoint: ChatEndpoint;
  #limit = "max_tokens";

  constructor(options: EndpointModelOptions) {
    this.#options = options;
    this.#endpoint = { ...options.endpoint, onRetry: () => void this.counts.retries++ };
  }

  /** @throws InputError when the address, the model or the key is wrong. */
  async ask(question: TurnQuestion): Promise<EndpointReply<Completion>> {
    const { name, sampling, tools, template, cache, isExact } = this.#options;
    const { messages, maxTokens, seed, sample, noiseKey, prefixIds } = question;
    const request = {
      model: name,
      messages,
      ...(tools.length > 0 && { tools }),
      ...(template !== undefined && { chat_template_kwargs: template }),
      temperature: sampling.temperature,
      top_p: sampling.topP,
      ...(sampling.topK > 0 && { top_k: sampling.topK }),
      ...((sampling.minP ?? 0) > 0 && { min_p: sampling.minP }),
      ...(isExact === true
        ? { noise_key: noiseKey, return_token_ids: true, ...(prefixIds !== undefined && { prefix_token_ids: prefixIds }) }
        : { seed }),
    };
    const key = { url: this.#endpoint.url, request, maxTokens, sample };
    const kept = await cache?.get(key);
    if (kept !== undefined) {
      this.counts.cached++;
      return this.#counted({ status: "ok", value: kept });
    }
    const reply = await this.#send(request, maxTokens);
    if (reply.status === "ok") await cache?.put(key, reply.value);
    return this.#counted(reply);
  }

  async #send(request: { readonly model: string }, maxTokens: number): Promise<EndpointReply<Completion>> {
    const limit = this.#limit;
    this.counts.requests++;
    const reply = await askEndpoint({ ...request, [limit]: maxTokens }, this.#endpoint, Completion);
    const wantsNewer = reply.status === "failed" && limit !== NEWER_LIMIT && reply.refusal?.includes(NEWER_LIMIT) === true;
    if (!wantsNewer) return reply;
    this.#limit = NEWER_LIMIT;
    return this.#send(request, maxTokens);
  }

  #counted(reply: EndpointReply<Completion>): EndpointReply<Completion> {
    if (reply.status === "ok" && reply.value.usage == null) this.counts.withoutUsage++;
    if (reply.status === "failed" && !isTooLong(reply.refusal)) this.counts.failed++;
    return reply;
  }
}

/** Whether a server refused a conversation because it does not fit the model. */
export function isTooLong(refusal: string | undefined): boolean {
  return refusal !== undefined && /context_length_exceeded|maximum context length|context (window|length|size)/i.test(refusal);
}
