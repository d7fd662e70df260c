import { uniformAt } from "@retool-ts/core";
import type { ChatMessage } from "@retool-ts/data";
import type { SamplingParameters, TurnTokens } from "@retool-ts/engine";
import { HttpFault } from "@retool-ts/http";
import { toChatMessage } from "./chat-message.js";
import type { ChatFormat, ParsedReply } from "./chat-format.js";
import type { ChatEncoder, KnownPrefix } from "./chat-encoder.js";
import { endText, type CompletionEngine, type GenerationRequest, type ServedModel } from "./completion-engine.js";
import type { Conversation, NoiseKey } from "./conversation.js";
import { finishReason, tokenLogProbs, usageOf, type ReplyCall } from "./openai-replies.js";
import { ChatRequest, parseRequest, stopsOf, toolSchemasOf } from "./openai-requests.js";
import { checkRequestSize } from "./request-bounds.js";
import { ReplyText } from "./reply-text.js";
import { checkCallable, checkDemanded, demandedCall } from "./tool-choice.js";
import type { SendEvent } from "./sse-stream.js";
import { WaitingTokens } from "./waiting-tokens.js";

/** What answers need besides the request. */
export interface EndpointContext {
  readonly engine: CompletionEngine;
  readonly format: ChatFormat;
  readonly encoder: ChatEncoder;
  readonly modelName: string;
  readonly conversation: Conversation;
  readonly signal: AbortSignal;
  /** Seconds since 1970, for `created`. */
  readonly now: () => number;
  /** Called at the first token of an answer. */
  readonly onFirstToken?: () => void;
}

/** An answer in the making: whole, or as events. */
export interface PreparedAnswer {
  readonly streams: boolean;
  answer(): Promise<unknown>;
  stream(send: SendEvent): Promise<void>;
}

/**
 * Reads a chat request and makes its prompt.
 *
 * @throws HttpFault when the request is wrong.
 */
export function prepareChat(body: unknown, context: EndpointContext): PreparedAnswer {
  checkRequestSize(body, context.engine.model.sampler.maxLength);
  const request = parseRequest(ChatRequest, body);
  const { conversation, encoder, format, modelName } = context;
  const topLogProbs = topLogProbsOf(request);
  const messages = request.messages.map(toChatMessage);
  const chat = { tools: toolSchemasOf(request), variables: request.chat_template_kwargs ?? {} };
  const calls = chat.tools.length > 0 && request.tool_choice !== "none";
  const names = chat.tools.map((tool) => tool.function.name);
  const demanded = demandedCall(request, format, names);
  if (calls) checkCallable(format, names);
  const opening = demanded?.opening ?? "";
  const planned = conversation.plan(messages, chat, {
    forcedIds: opening === "" ? [] : encoder.encodeTrusted(opening),
    seed: request.seed ?? undefined,
    noiseKey: request.noise_key ?? undefined,
    prefix: prefixOf(request, context.engine.model),
  });
  const choices = request.n ?? 1;
  const keys = Array.from({ length: choices }, (_, choice) => planned.key(choice));
  context.engine.check({ promptIds: planned.promptIds, keys, topLogProbs });
  const stops = stopsOf(request);
  const single =
    calls && (request.parallel_tool_calls === false || demanded?.single === true) && format.callClosing !== "" ? [format.callClosing] : [];
  const texts = keys.map(() => new ReplyText(context.engine.model.tokenizer, { stops, format: calls ? format : null, opening }));
  const head = { id: `chatcmpl-${hexOf(keys[0]!)}`, created: context.now(), model: modelName };

  const generate = (onToken: NonNullable<GenerationRequest["onToken"]>) => {
    let cached = 0;
    let isFirst = true;
    const turns = context.engine.generate({
      promptIds: planned.promptIds,
      keys,
      ...samplingOf(request, conversation),
      ...maxTokensOf(request.max_completion_tokens ?? request.max_tokens, conversation),
      stopStrings: [...format.stopStrings, ...stops, ...single],
      topLogProbs,
      signal: context.signal,
      ...(conversation.scope !== undefined && { scope: conversation.scope }),
      onPrompt: (tokens) => (cached = tokens),
      onToken: (...token) => {
        if (isFirst) context.onFirstToken?.();
        isFirst = false;
        onToken(...token);
      },
    });
    return turns.then((all) => ({ turns: all, usage: () => usageOf(planned.promptIds.length, all.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0), cached) })); // prettier-ignore
  };
  const finish = (turn: TurnTokens, choice: number) => {
    const parsed = texts[choice]!.finish();
    const toolCalls = callsOf(parsed, keys[choice]!, planned.promptIds.length);
    planned.record(replyMessage(parsed, toolCalls), turn);
    return { turn, parsed, toolCalls, reason: finishReason(turn, toolCalls.length) };
  };
  /** All choices, recorded before one of them is found wanting. */
  const finishAll = (turns: readonly TurnTokens[]) => {
    const finished = turns.map(finish);
    for (const { parsed, turn } of finished) if (demanded !== undefined) checkDemanded(demanded, parsed, turn);
    return finished;
  };
  const tokens = context.engine.model.tokenizer;

  return {
    streams: request.stream === true,
    async answer() {
      const { turns, usage } = await generate((choice, tokenId) => void texts[choice]!.push(tokenId));
      const answers = finishAll(turns).map(({ turn, parsed, toolCalls, reason }, index) => {
        const content = parsed.content === "" && toolCalls.length > 0 ? null : parsed.content;
        return {
          index,
          message: { role: "assistant", content, ...(toolCalls.length > 0 && { tool_calls: toolCalls }), refusal: null },
          finish_reason: reason,
          logprobs: request.logprobs === true ? { content: tokenLogProbs(tokens, turn), refusal: null } : null,
          ...(request.return_token_ids === true && { token_ids: turn.tokenIds }),
        };
      });
      const ids = request.return_token_ids === true ? { prompt_token_ids: planned.promptIds } : {};
      return { ...head, object: "chat.completion", choices: answers, usage: usage(), ...ids };
    },
    async stream(send) {
      const opening = `${JSON.stringify({ ...head, object: "chat.completion.chunk" }).slice(0, -1)},"choices":[`; // of every event the same
      const chunk = (index: number, delta: unknown, more: object = {}) =>
        send(`${opening}${JSON.stringify({ index, delta, finish_reason: null, logprobs: null, ...more })}]}`);
      const waiting = keys.map(() => new WaitingTokens());
      const waits = request.logprobs === true || request.return_token_ids === true;
      const take = (choice: number): object => {
        if (!waits) return {};
        const taken = waiting[choice]!.take();
        return {
          ...(request.logprobs === true && { logprobs: { content: tokenLogProbs(tokens, taken), refusal: null } }),
          ...(request.return_token_ids === true && { token_ids: taken.tokenIds }),
        };
      };
      keys.forEach((_, index) => chunk(index, { role: "assistant", content: "" }, request.return_token_ids === true && index === 0 ? { prompt_token_ids: planned.promptIds } : {})); // prettier-ignore
      const { turns, usage } = await generate((choice, tokenId, logProb, alternatives) => {
        if (waits) waiting[choice]!.push(tokenId, logProb, alternatives);
        const part = texts[choice]!.push(tokenId);
        if (part !== "") chunk(choice, { content: part }, take(choice));
      });
      finishAll(turns).forEach(({ parsed, toolCalls, reason }, index) => {
        if (parsed.rest !== "") chunk(index, { content: parsed.rest });
        toolCalls.forEach((call, place) => chunk(index, { tool_calls: [{ index: place, ...call }] }));
        chunk(index, {}, { ...take(index), finish_reason: reason });
      });
      if (request.stream_options?.include_usage === true) send({ ...head, object: "chat.completion.chunk", choices: [], usage: usage() });
    },
  };
}

/** The beginning that a request says is known. */
function prefixOf({ prefix_token_ids: tokenIds }: Pick<ChatRequest, "prefix_token_ids">, model: ServedModel): KnownPrefix | undefined {
  if (tokenIds == null) return undefined;
  const param = "prefix_token_ids";
  const { vocabSize } = model.tokenizer;
  const wrong = tokenIds.find((id) => id >= vocabSize);
  if (wrong !== undefined)
    throw new HttpFault(400, `${param}: expected token ids below ${vocabSize}, found ${wrong}`, { param, code: "invalid_value" });
  return { tokenIds, endedWith: endText(tokenIds.at(-1), model) };
}

/** Below it a distribution is its likeliest token, and the inverse is soon more than a float holds. */
const LEAST_TEMPERATURE = 1e-5;

/** Temperature, top-p, top-k and min-p of a request, or those of the run that records it. */
export function samplingOf(
  { temperature, top_p, top_k, min_p }: Pick<ChatRequest, "temperature" | "top_p" | "top_k" | "min_p">,
  { sampling, onOverridden }: Pick<Conversation, "sampling" | "onOverridden">,
): SamplingParameters {
  const warmth = temperature ?? 1;
  const own = { temperature: warmth < LEAST_TEMPERATURE ? 0 : warmth, topP: top_p ?? 1, topK: Math.max(0, top_k ?? 0), minP: min_p ?? 0 };
  if (sampling === undefined) return own;
  const asked = [temperature != null && temperature !== sampling.temperature, top_p != null && top_p !== sampling.topP, top_k != null && own.topK !== sampling.topK, min_p != null && min_p !== (sampling.minP ?? 0)]; // prettier-ignore
  if (asked.includes(true)) onOverridden?.();
  return sampling;
}

/** The smaller of what a request and its conversation allow. */
export function maxTokensOf(
  asked: number | null | undefined,
  { maxTokens }: Pick<Conversation, "maxTokens">,
): { readonly maxTokens?: number } {
  const limits = [asked, maxTokens].filter((limit) => limit != null);
  return limits.length === 0 ? {} : { maxTokens: Math.min(...limits) };
}

/** Likeliest tokens to tell at each place. */
function topLogProbsOf({ logprobs, top_logprobs: top }: Pick<ChatRequest, "logprobs" | "top_logprobs">): number {
  if (top == null || top === 0) return 0;
  if (logprobs === true) return top;
  throw new HttpFault(400, "top_logprobs: expected logprobs: true beside it", { param: "top_logprobs", code: "invalid_value" });
}

/** Calls with ids that depend on the random numbers and the place alone, so that a conversation can be repeated to the byte. */
function callsOf({ calls }: ParsedReply, key: NoiseKey, position: number): ReplyCall[] {
  return calls.map(({ name, arguments: input }, index) => {
    const id = hexOf([2 ** 32 * uniformAt(key, 2 ** 40 + position), index]);
    return { id: `call_${id}`, type: "function", function: { name, arguments: input } };
  });
}

function hexOf(words: readonly number[]): string {
  return words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** The reply as later requests will repeat it. */
function replyMessage({ content }: ParsedReply, toolCalls: readonly ReplyCall[]): ChatMessage {
  const { tool_calls } = toChatMessageCalls(toolCalls);
  return { role: "assistant", content, ...(tool_calls && { tool_calls }) };
}

function toChatMessageCalls(toolCalls: readonly ReplyCall[]): Pick<ChatMessage, "tool_calls"> {
  return toChatMessage({ role: "assistant", content: null, tool_calls: [...toolCalls] }, 0);
}
