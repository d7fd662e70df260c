import { z } from "zod";
import { SamplerFault } from "./sampler-fault.js";
import type { LoadedWeights, SamplingServer, TokenAnswer, TokenRequest } from "./sampling-server.js";
import { checkedAnswer, parsedAs, ServerRequests, type ServerOptions } from "./server-requests.js";

const Update = z.object({ success: z.boolean(), message: z.string().default("") });
const Generated = z.object({
  meta_info: z.object({
    finish_reason: z.object({ type: z.string() }),
    output_token_logprobs: z.array(z.tuple([z.number(), z.number()], z.unknown())),
    weight_version: z.string().nullish(),
  }),
});

/**
 * SGLang's own API. Whole models are read from a folder with `update_weights_from_disk`, in place of those before. No build of SGLang for
 * CPUs exists: this follows its documents, and has not met a real server.
 */
export class SglangServer implements SamplingServer {
  readonly title: string;
  readonly holdsOne = true;
  readonly #requests: ServerRequests;

  private constructor(title: string, requests: ServerRequests) {
    this.title = title;
    this.#requests = requests;
  }

  /** @throws SamplerFault when no SGLang answers. */
  static async open(options: ServerOptions): Promise<SglangServer> {
    const title = `SGLang at ${options.baseUrl}`;
    const requests = new ServerRequests(title, options);
    await requests.send("/get_model_info");
    return new SglangServer(title, requests);
  }

  async load({ folder, version }: LoadedWeights): Promise<void> {
    const body = { model_path: folder, flush_cache: true, weight_version: version };
    const { success, message } = parsedAs(
      Update,
      await this.#requests.send("/update_weights_from_disk", { method: "POST", body }),
      this.title,
    );
    if (!success) throw new SamplerFault(`${this.title}: the weights in ${folder} were not taken: ${message}`);
  }

  async sample({ version }: LoadedWeights, request: TokenRequest): Promise<TokenAnswer> {
    const { prompt, maxTokens, temperature, topP, topK, minP, seed, stops, signal } = request;
    const body = {
      input_ids: prompt,
      sampling_params: {
        max_new_tokens: maxTokens,
        temperature,
        top_p: topP,
        top_k: topK === 0 ? -1 : topK,
        min_p: minP,
        sampling_seed: seed,
        stop_token_ids: stops,
        skip_special_tokens: false,
        no_stop_trim: true,
      },
      return_logprob: true,
    };
    const { meta_info: meta } = parsedAs(Generated, await this.#requests.send("/generate", { method: "POST", body, signal }), this.title);
    if (meta.finish_reason.type === "abort") throw new SamplerFault(`${this.title}: it gave a request up`);
    if (meta.weight_version != null && meta.weight_version !== version)
      throw new SamplerFault(
        `${this.title}: expected tokens of weights ${version}, got some of ${meta.weight_version}: who else refreshes it?`,
      );
    const tokens = meta.output_token_logprobs.map(([, id]) => id);
    const logProbs = meta.output_token_logprobs.map(([logProb]) => logProb);
    return checkedAnswer(this.title, { tokens, logProbs, finish: meta.finish_reason.type === "stop" ? "stop" : "length" });
  }

  async unload(): Promise<void> {}
}
