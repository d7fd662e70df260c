import { HttpFault } from "@retool-ts/http";
import { streamKey } from "@retool-ts/core";
import { maxTokensOf, samplingOf, type EndpointContext, type PreparedAnswer } from "./chat-endpoint.js";
import { finishReason, usageOf, type FinishReason, type ScoredTokens, type Usage } from "./openai-replies.js";
import { CompletionRequest, parseRequest, stopsOf } from "./openai-requests.js";
import { encodeWithin } from "./request-bounds.js";
import { ReplyText } from "./reply-text.js";
import { WaitingTokens } from "./waiting-tokens.js";

/** The API's tokens of a completion that names none. */
const DEFAULT_MAX_TOKENS = 16;
const FIELDS = { prompt: "prompt", topLogProbs: "logprobs" };

/**
 * Reads a request for completions of text or token ids.
 *
 * @param randomSeed - for requests without a seed
 * @throws HttpFault when the request is wrong.
 */
export function prepareCompletion(body: unknown, context: EndpointContext, randomSeed: () => number): PreparedAnswer {
  const request = parseRequest(CompletionRequest, body);
  const { engine, conversation, modelName, format } = context;
  if (conversation.recorded)
    throw new HttpFault(400, "completions are not recorded: use /chat/completions in a rollout", { code: "unsupported_value" });
  const { tokenizer } = engine.model;
  const prompts = promptsOf(request.prompt, tokenizer.vocabSize).map((prompt) =>
    typeof prompt === "string"
      ? [...format.beginningIds, ...encodeWithin(engine.model.sampler.maxLength, (text) => tokenizer.encode(text), prompt, "prompt")]
      : prompt,
  );
  const topLogProbs = request.logprobs ?? 0;
  const choices = request.n ?? 1;
  const seed = request.seed ?? randomSeed();
  const keysOf = (place: number) => Array.from({ length: choices }, (_, choice) => streamKey(seed, ["completion", place, choice]));
  const stops = stopsOf(request);
  prompts.forEach((promptIds, place) => engine.check({ promptIds, keys: keysOf(place), topLogProbs }, FIELDS));
  const head = { id: `cmpl-${seed.toString(16)}`, object: "text_completion", created: context.now(), model: modelName };

  const run = async (onText: (index: number, part: string, promptIds: readonly number[], waiting: WaitingTokens) => void) => {
    const ends = await Promise.allSettled(
      prompts.map(async (promptIds, place) => {
        const texts = Array.from({ length: choices }, () => new ReplyText(tokenizer, { stops, format: null, opening: "" }));
        const waiting = texts.map(() => new WaitingTokens());
        let cached = 0;
        const turns = await engine.generate({
          promptIds,
          keys: keysOf(place),
          topLogProbs,
          ...samplingOf(request, conversation),
          ...maxTokensOf(request.max_tokens ?? DEFAULT_MAX_TOKENS, conversation),
          stopStrings: stops,
          signal: context.signal,
          onPrompt: (tokens) => (cached = tokens),
          onToken: (choice, ...token) => {
            waiting[choice]!.push(...token);
            const part = texts[choice]!.push(token[0]);
            if (part !== "") onText(place * choices + choice, part, promptIds, waiting[choice]!);
          },
        });
        const finished = turns.map((turn, choice) => ({
          turn,
          waiting: waiting[choice]!,
          promptIds,
          index: place * choices + choice,
          ...texts[choice]!.finish(),
        }));
        return { finished, cached };
      }),
    );
    const done = ends.map((end) => {
      if (end.status === "rejected") throw end.reason;
      return end.value;
    });
    const finished = done.flatMap((each) => each.finished);
    const usage = usageOf(
      prompts.reduce((sum, ids) => sum + ids.length, 0),
      finished.reduce((sum, { turn }) => sum + turn.tokenIds.length, 0),
      done.reduce((sum, { cached }) => sum + cached, 0),
    );
    return { finished, usage };
  };
  const textOf = (id: number) => tokenizer.decode([id]);
  /** @param start - characters of the choice's tokens that were told before */
  const choiceOf = (index: number, text: string, { tokens, start = 0, ...more }: ChoiceParts) => ({
    index,
    text,
    finish_reason: more.finish,
    logprobs: request.logprobs == null ? null : logProbsOf(tokens, start, textOf),
    ...(request.return_token_ids === true && { token_ids: tokens.tokenIds, ...(start === 0 && { prompt_token_ids: more.promptIds }) }),
  });

  return {
    streams: request.stream === true,
    async answer() {
      const { finished, usage } = await run(() => {});
      const whole = finished.map(({ index, content, turn, promptIds }) => {
        return choiceOf(index, content, { tokens: turn, finish: finishReason(turn, 0), promptIds });
      });
      return { ...head, choices: whole, usage };
    },
    async stream(send) {
      const told = new Map<number, number>();
      const tell = (index: number, text: string, parts: Omit<ChoiceParts, "start">): void => {
        const start = told.get(index) ?? 0;
        send({ ...head, choices: [choiceOf(index, text, { ...parts, start })] });
        told.set(
          index,
          parts.tokens.tokenIds.reduce((end, id) => end + textOf(id).length, start),
        );
      };
      const { finished, usage } = await run((index, text, promptIds, waiting) =>
        tell(index, text, { tokens: waiting.take(), finish: null, promptIds }),
      );
      for (const { index, rest, waiting, turn, promptIds } of finished)
        tell(index, rest, { tokens: waiting.take(), finish: finishReason(turn, 0), promptIds });
      if (request.stream_options?.include_usage === true) send({ ...head, choices: [], usage: usage satisfies Usage });
    },
  };
}

/** What an answer or an event tells of a choice besides its text. */
interface ChoiceParts {
  readonly tokens: ScoredTokens;
  readonly start?: number;
  readonly finish: FinishReason | null;
  readonly promptIds: readonly number[];
}

/** One prompt or several, each text or ids. */
function promptsOf(prompt: CompletionRequest["prompt"], vocabSize: number): readonly (string | readonly number[])[] {
  const prompts: readonly (string | number | readonly number[])[] = typeof prompt === "string" ? [prompt] : prompt;
  const list = prompts.every((each) => typeof each === "number") ? [prompts] : (prompts as readonly (string | readonly number[])[]);
  for (const ids of list) {
    const wrong = typeof ids === "string" ? undefined : ids.find((id) => id >= vocabSize);
    if (wrong !== undefined) throw new HttpFault(400, `prompt: expected token ids below ${vocabSize}, found ${wrong}`, { param: "prompt" });
  }
  return list;
}

function logProbsOf({ tokenIds, logProbs, topLogProbs }: ScoredTokens, start: number, textOf: (id: number) => string) {
  const tokens = tokenIds.map(textOf);
  const top =
    topLogProbs?.map((likeliest) => Object.fromEntries(likeliest.map(({ tokenId, logProb }) => [textOf(tokenId), logProb]))) ?? null;
  let end = start;
  const offsets = tokens.map((token) => (end += token.length) - token.length);
  return { tokens, token_logprobs: logProbs, text_offset: offsets, top_logprobs: top };
}
