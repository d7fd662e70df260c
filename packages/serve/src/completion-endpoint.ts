import { HttpFault } from "@retool-ts/http";
import type { TurnTokens } from "@retool-ts/engine";
import { streamKey } from "@retool-ts/core";
import { maxTokensOf, samplingOf, type EndpointContext, type PreparedAnswer } from "./chat-endpoint.js";
import { finishReason, usageOf, type Usage } from "./openai-replies.js";
import { CompletionRequest, parseRequest, stopsOf } from "./openai-requests.js";
import { encodeWithin } from "./request-bounds.js";
import { ReplyText } from "./reply-text.js";

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

  const run = async (onText: (choice: number, part: string) => void) => {
    const ends = await Promise.allSettled(
      prompts.map(async (promptIds, place) => {
        const texts = Array.from({ length: choices }, () => new ReplyText(tokenizer, { stops, format: null, opening: "" }));
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
          onToken: (choice, tokenId) => {
            const part = texts[choice]!.push(tokenId);
            if (part !== "") onText(place * choices + choice, part);
          },
        });
        const finished = turns.map((turn, choice) => ({ turn, promptIds, index: place * choices + choice, ...texts[choice]!.finish() }));
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
  const choiceOf = ({ turn, promptIds, index }: Finished, text: string) => ({
    index,
    text,
    finish_reason: finishReason(turn, 0),
    logprobs: request.logprobs == null ? null : logProbsOf(turn, (id) => tokenizer.decode([id])),
    ...(request.return_token_ids === true && { token_ids: turn.tokenIds, prompt_token_ids: promptIds }),
  });

  return {
    streams: request.stream === true,
    async answer() {
      const { finished, usage } = await run(() => {});
      return { ...head, choices: finished.map((each) => choiceOf(each, each.content)), usage };
    },
    async stream(send) {
      const { finished, usage } = await run((index, text) =>
        send({ ...head, choices: [{ index, text, finish_reason: null, logprobs: null }] }),
      );
      for (const each of finished) send({ ...head, choices: [choiceOf(each, each.rest)] });
      if (request.stream_options?.include_usage === true) send({ ...head, choices: [], usage: usage satisfies Usage });
    },
  };
}

interface Finished {
  readonly turn: TurnTokens;
  readonly promptIds: readonly number[];
  readonly index: number;
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

function logProbsOf({ tokenIds, logProbs, topLogProbs }: TurnTokens, textOf: (id: number) => string) {
  const tokens = tokenIds.map(textOf);
  const top =
    topLogProbs?.map((likeliest) => Object.fromEntries(likeliest.map(({ tokenId, logProb }) => [textOf(tokenId), logProb]))) ?? null;
  let end = 0;
  const offsets = tokens.map((token) => (end += token.length) - token.length);
  return { tokens, token_logprobs: logProbs, text_offset: offsets, top_logprobs: top };
}
