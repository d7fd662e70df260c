import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";
import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { knownLogProbs } from "./known-log-probs.js";
import { SamplerFault } from "./sampler-fault.js";
import type { LoadedWeights, SamplingServer, TokenAnswer, TokenRequest } from "./sampling-server.js";
import { checkedAnswer, parsedAs, ServerRequests, type ServerOptions } from "./server-requests.js";

/** Options of {@link LlamaServer}. */
export interface LlamaOptions extends ServerOptions {
  /** The file that the server was given as `--lora`; each version of the adapter is written there. */
  readonly adapterFile: string;
  /** Writes the adapter of a folder in PEFT's format to such a file, whole or not at all; `writeGgufAdapter` of `@retool-ts/policy/node` does. */
  readonly writeAdapter: (folder: string, path: string) => Promise<void>;
  /** Milliseconds in which the server must have gone to sleep after new weights were written; default: a minute. */
  readonly sleepLimitMs?: number;
  /** Milliseconds between two looks at it; default 100. */
  readonly lookMs?: number;
  /** Hears, once, how the server is to be started while none answers. */
  readonly say?: (text: string) => void;
}

const Properties = z.object({
  default_generation_settings: z.object({ n_ctx: z.number() }),
  is_sleeping: z.boolean().optional(),
});
const Adapters = z.array(z.object({ id: z.number(), path: z.string() }));
const Told = z.object({ id: z.number(), logprob: z.number() });
const Completion = z.object({
  tokens: z.array(z.number()),
  stop_type: z.string(),
  truncated: z.boolean().default(false),
  completion_probabilities: z.array(Told.extend({ top_logprobs: z.array(Told).default([]) })).default([]),
});
const Tokens = z.object({ tokens: z.array(z.number()).min(1) });

/** What a server says of itself once it has its weights. */
interface Facts {
  /** Number of the adapter. */
  readonly adapter: number;
  /** Tokens of one sequence. */
  readonly context: number;
  /** A token that is a whole character. */
  readonly plainId: number;
}

/** Tokens asked for at once where a stop is not known to end a text by itself, so that little is sampled behind it. */
const SLICE_TOKENS = 64;

/**
 * llama.cpp's server, over an adapter that it reads from a file. Its API replaces no weights, but a server that has slept
 * (`--sleep-idle-seconds`) reads its files again: a new adapter is written and the server left alone until it sleeps.
 */
export class LlamaServer implements SamplingServer {
  readonly title: string;
  readonly holdsOne = true;
  readonly #options: LlamaOptions;
  readonly #requests: ServerRequests;
  /** Ids that were seen to end a text. */
  readonly #ends = new Set<number>();
  #known: Promise<Facts> | undefined;

  constructor(options: LlamaOptions) {
    this.title = `llama.cpp at ${options.baseUrl}`;
    this.#options = options;
    this.#requests = new ServerRequests(this.title, options);
  }

  async load({ folder }: LoadedWeights): Promise<void> {
    const { adapterFile, writeAdapter } = this.#options;
    await writeAdapter(folder, adapterFile);
    await this.#untilAsleep(); // asleep after the file was there: whatever wakes it makes it read this one
    this.#known = undefined;
    await this.#facts();
  }

  async sample(_: LoadedWeights, request: TokenRequest): Promise<TokenAnswer> {
    const { context } = await this.#facts();
    const { prompt, maxTokens, stops } = request;
    if (prompt.length + maxTokens > context) {
      const found = `${context} tokens a sequence, for a turn of up to ${prompt.length + maxTokens}`;
      const problem = { what: "sampler", where: this.title, expected: "room for the longest sequence", found };
      throw new InputError({ ...problem, fix: "start llama-server with a larger --ctx-size (it is shared by --parallel sequences)" });
    }
    const tokens: number[] = [];
    const logProbs: number[] = [];
    while (tokens.length < maxTokens) {
      const room = maxTokens - tokens.length;
      const asked = stops.every((id) => this.#ends.has(id)) ? room : Math.min(room, SLICE_TOKENS);
      const part = await this.#complete([...prompt, ...tokens], asked, request, tokens.length);
      for (let i = 0; i < part.tokens.length; i++) {
        tokens.push(part.tokens[i]!);
        logProbs.push(part.logProbs[i]!);
        if (stops.includes(part.tokens[i]!)) return checkedAnswer(this.title, { tokens, logProbs, finish: "stop" });
      }
    }
    return checkedAnswer(this.title, { tokens, logProbs, finish: "length" });
  }

  /** The file stays: a server that wakes up without it ends. */
  async unload(): Promise<void> {}

  async #complete(prompt: readonly number[], count: number, request: TokenRequest, done: number) {
    const { temperature, topP, topK, minP, seed, forbidden, signal } = request;
    const {
      tokens,
      stop_type: ending,
      truncated,
      completion_probabilities: told,
    } = await this.#post(
      {
        prompt,
        n_predict: count,
        temperature,
        top_p: topP,
        top_k: topK,
        min_p: minP,
        seed: (seed + done) % 2 ** 31,
        samplers: ["top_k", "top_p", "min_p", "temperature"], // and none of the server's own penalties
        ...(forbidden.length > 0 && { logit_bias: forbidden.map((id) => [id, false]) }),
        n_probs: 1,
      },
      signal,
    );
    if (truncated || tokens.length === 0) throw new SamplerFault(`${this.title}: it has no room for a sequence of ${prompt.length} tokens`);
    if (ending === "eos") this.#ends.add(tokens.at(-1)!);
    const known = knownLogProbs(tokens, told);
    if (known === undefined) throw new SamplerFault(`${this.title}: log-probabilities of other tokens than it gives`);
    const logProbs: number[] = [];
    for (let i = 0; i < tokens.length; i++)
      logProbs.push(known[i] ?? (await this.#logProb([...prompt, ...tokens.slice(0, i)], tokens[i]!, signal)));
    return { tokens, logProbs };
  }

  /** Log-probability of a token in the middle of a character, of which the server tells none: looked for among the likeliest. */
  async #logProb(prompt: readonly number[], id: number, signal?: AbortSignal): Promise<number> {
    const { plainId } = await this.#facts();
    for (let among = 64; ; among *= 16) {
      const body = { prompt, n_predict: 1, temperature: 0, logit_bias: [[plainId, 1000]], samplers: ["temperature"], n_probs: among };
      const [first] = (await this.#post(body, signal)).completion_probabilities;
      const found = [...(first?.top_logprobs ?? []), ...(first === undefined ? [] : [first])].find((one) => one.id === id);
      if (found !== undefined) return found.logprob;
      if (first === undefined || first.top_logprobs.length < among)
        throw new SamplerFault(`${this.title}: no log-probability of token ${id}`);
    }
  }

  async #post(body: object, signal: AbortSignal | undefined) {
    const { adapter } = await this.#facts();
    const whole = { ...body, lora: [{ id: adapter, scale: 1 }], return_tokens: true, post_sampling_probs: false, cache_prompt: true };
    return parsedAs(Completion, await this.#requests.send("/completion", { method: "POST", body: whole, signal }), this.title);
  }

  async #untilAsleep(): Promise<void> {
    const { sleepLimitMs = 60_000, lookMs = 100, adapterFile, say } = this.#options;
    let isSaid = false;
    for (let waited = 0; ; waited += lookMs) {
      const properties = await this.#properties();
      if (properties?.is_sleeping === true) return;
      if (properties === undefined && !isSaid) say?.(`no answer from ${this.title} yet: start ${command(adapterFile)}`);
      isSaid ||= properties === undefined;
      if (waited >= sleepLimitMs) {
        const found =
          properties === undefined ? "no answer" : properties.is_sleeping === false ? "one that is awake" : "one that cannot sleep";
        const problem = {
          what: "sampler",
          where: this.title,
          expected: "a server that has gone to sleep, so that it reads new weights",
          found,
        };
        throw new InputError({ ...problem, fix: `start ${command(adapterFile)}, and let nobody else ask it` });
      }
      await setTimeout(lookMs);
    }
  }

  /** Undefined while nobody answers, or the server reads its model. */
  async #properties(): Promise<z.infer<typeof Properties> | undefined> {
    try {
      return parsedAs(Properties, await this.#requests.send("/props", { timeoutMs: 10_000, retries: 0 }), this.title);
    } catch (error) {
      if (error instanceof SamplerFault && (error.status === 503 || error.cause !== undefined)) return undefined;
      throw error;
    }
  }

  #facts(): Promise<Facts> {
    return (this.#known ??= this.#ask().catch((error: unknown) => {
      this.#known = undefined; // so that the next asks again
      throw error;
    }));
  }

  async #ask(): Promise<Facts> {
    const adapters = parsedAs(Adapters, await this.#requests.send("/lora-adapters"), this.title);
    const { adapterFile } = this.#options;
    const [adapter, ...more] = adapters.filter(({ path }) => basename(path) === basename(adapterFile));
    if (adapter === undefined || more.length > 0) {
      const found = adapters.length === 0 ? "none" : adapters.map(({ path }) => path).join(", ");
      const problem = { what: "sampler", where: this.title, expected: `one adapter from ${adapterFile}`, found };
      throw new InputError({ ...problem, fix: `start ${command(adapterFile)}` });
    }
    const { default_generation_settings: settings } = parsedAs(Properties, await this.#requests.send("/props"), this.title);
    const plain = parsedAs(Tokens, await this.#requests.send("/tokenize", { method: "POST", body: { content: "a" } }), this.title);
    return { adapter: adapter.id, context: settings.n_ctx, plainId: plain.tokens.at(-1)! };
  }
}

function command(adapterFile: string): string {
  return `llama-server --model BASE.gguf --lora ${adapterFile} --sleep-idle-seconds 1`;
}
