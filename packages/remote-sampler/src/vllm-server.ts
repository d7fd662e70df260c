import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { SamplerFault } from "./sampler-fault.js";
import type { LoadedWeights, SamplingServer, TokenAnswer, TokenRequest } from "./sampling-server.js";
import { checkedAnswer, parsedAs, ServerRequests, type ServerOptions } from "./server-requests.js";

/** Options of {@link VllmServer.open}. */
export interface VllmOptions extends ServerOptions {
  /** The base model, as the server names it. Default: the only one that it serves. */
  readonly model?: string | undefined;
}

const Models = z.object({ data: z.array(z.object({ id: z.string(), parent: z.string().nullish() })) });
const Completion = z.object({
  choices: z
    .array(
      z.object({
        token_ids: z.array(z.number()).nullish(),
        logprobs: z.object({ token_logprobs: z.array(z.number().nullable()) }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .length(1),
});

/**
 * vLLM's OpenAI server, with adapters that are replaced while it runs: started with `--enable-lora` and
 * `VLLM_ALLOW_RUNTIME_LORA_UPDATING=1`. The salt of its prefix cache is the version of the weights, so that no keys and values of older
 * weights are read.
 */
export class VllmServer implements SamplingServer {
  readonly title: string;
  readonly holdsOne = false;
  /** The base model's name there. */
  readonly model: string;
  readonly #requests: ServerRequests;

  private constructor(title: string, model: string, requests: ServerRequests) {
    this.title = title;
    this.model = model;
    this.#requests = requests;
  }

  /** @throws SamplerFault when no vLLM answers; InputError when it serves another model. */
  static async open(options: VllmOptions): Promise<VllmServer> {
    const title = `vLLM at ${options.baseUrl}`;
    const requests = new ServerRequests(title, options);
    const { data } = parsedAs(Models, await requests.send("/v1/models"), title);
    const names = data.filter(({ parent }) => parent == null).map(({ id }) => id);
    const model = options.model ?? (names.length === 1 ? names[0]! : undefined);
    if (model === undefined || !names.includes(model)) {
      const found = `${options.model ?? "no name"}, and a server of ${names.join(", ") || "none"}`;
      const problem = { what: "sampler", where: "engine.sampler.model", expected: "a base model of the server", found };
      throw new InputError({ ...problem, fix: "name one of the server's models, or start it with --served-model-name" });
    }
    return new VllmServer(title, model, requests);
  }

  async load({ name, folder }: LoadedWeights): Promise<void> {
    try {
      await this.#requests.send("/v1/load_lora_adapter", {
        method: "POST",
        body: { lora_name: name, lora_path: folder, load_inplace: true },
      });
    } catch (error) {
      if (!(error instanceof SamplerFault) || error.status !== 404) throw error;
      const how = "start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1, where it sees the folder";
      throw new SamplerFault(`${error.message}; ${how}`, { status: 404, cause: error });
    }
  }

  async sample(weights: LoadedWeights, request: TokenRequest): Promise<TokenAnswer> {
    try {
      return await this.#sample(weights, request);
    } catch (error) {
      if (!(error instanceof SamplerFault) || error.status !== 404) throw error;
      await this.load(weights); // a server that was started again has lost them
      return this.#sample(weights, request);
    }
  }

  async unload(name: string): Promise<void> {
    await this.#requests.send("/v1/unload_lora_adapter", { method: "POST", body: { lora_name: name }, timeoutMs: 10_000 }).catch(() => {});
  }

  async #sample({ name, version }: LoadedWeights, request: TokenRequest): Promise<TokenAnswer> {
    const { prompt, maxTokens, temperature, topP, topK, minP, seed, stops, forbidden, signal } = request;
    const body = {
      model: name,
      prompt,
      max_tokens: maxTokens,
      temperature,
      top_p: topP,
      top_k: topK,
      min_p: minP,
      seed,
      stop_token_ids: stops,
      ignore_eos: true, // those that end a turn are among the stops
      logprobs: 0,
      return_token_ids: true,
      cache_salt: `${name} ${version}`,
      // A model's generation_config.json has others, which would go before.
      repetition_penalty: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      ...(forbidden.length > 0 && { logit_bias: Object.fromEntries(forbidden.map((id) => [id, -100])) }),
    };
    const { choices } = parsedAs(Completion, await this.#requests.send("/v1/completions", { method: "POST", body, signal }), this.title);
    const { token_ids: tokens, logprobs, finish_reason: reason } = choices[0]!;
    if (tokens == null || logprobs == null) throw new SamplerFault(`${this.title}: expected token_ids and logprobs; vLLM 0.32 gives both`);
    const logProbs = logprobs.token_logprobs.map((value) => value ?? Number.NaN);
    return checkedAnswer(this.title, { tokens, logProbs, finish: reason === "stop" ? "stop" : "length" });
  }
}
