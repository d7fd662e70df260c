import type { SampleRequest, SampleResponse, WireSamplingParams } from "../wire/sample.js";
import { checkIds } from "./check-data.js";
import { TinkerAnswerError, TinkerError, TinkerValueError } from "./errors.js";
import type { Gate } from "./lane.js";
import type { Requests } from "./requests.js";

/** Weights to sample from: a base model, or those that a model has kept for samplers. */
export type WeightsName = { readonly baseModel: string } | { readonly path: string };

/** Facts that samplers of a session share. */
export interface SamplingSession {
  readonly sessionId: string;
  readonly nextSamplingSession: () => number;
  readonly gate: Gate;
  readonly vocabSize?: number | undefined;
}

/** One request for samples. */
export interface SampleOptions {
  readonly prompt: readonly number[];
  readonly params: WireSamplingParams;
  /** Default 1; sample i has the seed plus i on the servers that were tried. */
  readonly samples?: number;
  readonly promptLogProbs?: boolean;
  readonly topK?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Samples from weights on a server. */
export class SamplingWeights {
  readonly name: WeightsName;
  readonly #requests: Requests;
  readonly #session: SamplingSession;
  #sequence = 0;
  /** The sampling session that the server made; null where it makes none, and weights are named in each request. */
  #opened: Promise<string | null> | undefined;

  constructor(name: WeightsName, requests: Requests, session: SamplingSession) {
    this.name = name;
    this.#requests = requests;
    this.#session = session;
  }

  /** @throws TinkerValueError when log-probabilities are not finite. */
  async sample({ prompt, params, samples = 1, promptLogProbs = false, topK, signal }: SampleOptions): Promise<SampleResponse> {
    checkIds(prompt, this.#session.vocabSize, "asample: prompt");
    this.#opened ??= this.#open();
    const id = await this.#opened;
    const request: SampleRequest = {
      num_samples: samples,
      prompt: { chunks: [{ type: "encoded_text", tokens: prompt }] },
      sampling_params: params,
      ...(id === null ? this.#weights() : { sampling_session_id: id, seq_id: this.#sequence++ }),
      ...(promptLogProbs && { prompt_logprobs: true }),
      ...(topK !== undefined && { topk_prompt_logprobs: topK }),
      type: "sample",
    };
    const response = await this.#session.gate.run(() => this.#requests.run("asample", request, { signal }));
    checkSample(response, samples, this.#session.vocabSize);
    return response;
  }

  #weights() {
    return "path" in this.name ? { model_path: this.name.path } : { base_model: this.name.baseModel };
  }

  /** A server that cannot make a session of these weights is sent their name with each request. */
  async #open(): Promise<string | null> {
    const { sessionId, nextSamplingSession } = this.#session;
    const body = {
      session_id: sessionId,
      sampling_session_seq_id: nextSamplingSession(),
      ...this.#weights(),
      type: "create_sampling_session" as const,
    };
    try {
      const { sampling_session_id: id } = await this.#requests.post("create_sampling_session", body, { retries: 0 });
      return id;
    } catch (error) {
      if (TinkerError.isInstance(error) && ["TINKER_NOT_FOUND", "TINKER_SERVER", "TINKER_REQUEST"].includes(error.code)) return null;
      throw error;
    }
  }
}

function checkSample({ sequences }: Pick<SampleResponse, "sequences">, samples: number, vocabSize: number | undefined): void {
  if (!Array.isArray(sequences) || sequences.length !== samples) {
    throw new TinkerAnswerError(`asample: expected ${samples} sequences, got ${sequences?.length ?? "none"}`, { route: "asample" });
  }
  for (const { tokens, logprobs } of sequences) {
    const ids = Array.from<number>(tokens);
    if (ids.some((id) => !Number.isInteger(id) || id < 0 || id >= (vocabSize ?? Infinity))) {
      throw new TinkerAnswerError(`asample: expected ids below ${vocabSize}, got ${ids.join(", ")}`, { route: "asample" });
    }
    if (logprobs?.length !== tokens.length || Array.from<number | null>(logprobs).some((value) => !Number.isFinite(value ?? NaN))) {
      throw new TinkerValueError("asample: expected a finite log-probability for each token: the server's weights are spoiled", {
        route: "asample",
      });
    }
  }
}
