import type { Datum, ForwardBackwardOutput, LossConfig } from "../wire/forward-backward.js";
import { type AdamParams, type LoRAConfig, WEIGHTED_ONLY } from "../wire/models.js";
import type { FutureRoute, FutureRoutes } from "../wire/routes.js";
import { checkBatch, checkLogProbs } from "./check-data.js";
import { chunksOf, type ChunkLimits, datumBytes } from "./chunks.js";
import { TinkerValueError } from "./errors.js";
import { Gate, Lane } from "./lane.js";
import type { Requests, Started } from "./requests.js";

/** What a pass over sequences gives. */
export interface PassResult {
  /** Log-probabilities of each sequence's targets, by the weights before the next step. */
  readonly logProbs: readonly Float32Array[];
  /** The server's own numbers, of its last chunk. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Sequences of a pass, by their places. */
export interface PassSource {
  /** Of each sequence, about. */
  readonly bytes: readonly number[];
  /** Makes a sequence; called once for each, in order. */
  datum(index: number): Datum;
}

/** The loss of a pass. */
export interface PassOptions {
  readonly lossFn: string;
  readonly config?: LossConfig;
  /** Log-probabilities alone. */
  readonly forwardOnly?: boolean;
  /** Those of targets of weight 0 are not needed: a server that can leave them out gives 0. */
  readonly weightedOnly?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Result of an optimizer step. */
export interface StepResult {
  /** Undefined where the server does not say. */
  readonly gradNorm: number | undefined;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Facts that a training model is made with. */
export interface TrainingModelOptions {
  readonly vocabSize?: number | undefined;
  readonly chunks?: ChunkLimits | undefined;
  /** The server takes {@link WEIGHTED_ONLY}. */
  readonly takesWeightedOnly?: boolean;
  /** Called once it is unloaded. */
  readonly onUnload?: () => void;
}

/** Chunks that the server may hold at once. */
const MAX_CHUNKS_IN_FLIGHT = 8;
type Numbered = Extract<FutureRoute, "optim_step" | "save_weights" | "load_weights" | "save_weights_for_sampler">;

/** A model on a server. Its requests are numbered in the order of the calls, and sent in that order. */
export class TrainingModel {
  readonly id: string;
  /** As the server made it, where it says. */
  readonly loraConfig: LoRAConfig | undefined;
  readonly #requests: Requests;
  readonly #options: TrainingModelOptions;
  readonly #lane = new Lane();
  #lastSequence = 0;
  #isUnloaded = false;

  constructor(id: string, requests: Requests, options: TrainingModelOptions & { readonly loraConfig?: LoRAConfig | undefined }) {
    this.id = id;
    this.loraConfig = options.loraConfig;
    this.#requests = requests;
    this.#options = options;
  }

  /** Requests so far; a server that wants to load weights wants it at 0. */
  get requestsSent(): number {
    return this.#lastSequence;
  }

  /**
   * Adds the gradients of a loss over sequences, in as many requests as their size needs.
   *
   * @throws TinkerInputError for what must not be sent, before anything is; TinkerValueError when log-probabilities come back that are not
   *   finite.
   */
  async pass(data: readonly Datum[], options: PassOptions): Promise<PassResult> {
    checkBatch(data, this.#options.vocabSize, "forward_backward");
    const logProbs: Float32Array[] = [];
    const source = { bytes: data.map(datumBytes), datum: (index: number) => data[index]! };
    const metrics = await this.passEach(source, options, (index, values) => (logProbs[index] = values));
    return { logProbs, metrics };
  }

  /**
   * {@link pass} over sequences that are made as they are sent, so that no more of them are in memory than the server has at once.
   *
   * @param onLogProbs - is given the log-probabilities of each sequence's targets as they come, whole requests in any order.
   * @returns the server's own numbers, of its last chunk.
   */
  async passEach(
    { bytes, datum }: PassSource,
    options: PassOptions,
    onLogProbs: (index: number, logProbs: Float32Array) => void,
  ): Promise<Readonly<Record<string, number>>> {
    const inFlight = new Gate(MAX_CHUNKS_IN_FLIGHT);
    const results: Promise<Readonly<Record<string, number>>>[] = [];
    const sent = this.#lane.run(async () => {
      let first = 0;
      for (const count of this.requestSizes(bytes)) {
        const leave = await inFlight.enter();
        const begin = first;
        const chunk = Array.from({ length: count }, (_, i) => datum(begin + i));
        first += count;
        checkBatch(chunk, this.#options.vocabSize, "forward_backward");
        const { result } = await this.#startPass(chunk, options);
        const read = result()
          .then((output) => readPass(output, chunk, (i, values) => onLogProbs(begin + i, values)))
          .finally(leave);
        read.catch(() => {}); // whoever awaits the results is told
        results.push(read);
      }
    });
    const done = await allOrFirstFailure(sent, results);
    return done.at(-1)!;
  }

  /** Numbers of sequences in the requests that {@link pass} sends them in, by their bytes. */
  requestSizes(bytes: readonly number[]): number[] {
    return chunksOf(bytes, (size) => size, this.#options.chunks).map(({ length }) => length);
  }

  /** Applies the gradients gathered since the last step. */
  async optimStep(adam: AdamParams, signal?: AbortSignal): Promise<StepResult> {
    const { metrics } = await this.#numbered(
      "optim_step",
      (seq) => ({ model_id: this.id, seq_id: seq, adam_params: adam, type: "optim_step" }),
      signal,
    );
    const entries = Object.entries(metrics ?? {});
    const [name, gradNorm] = entries.find(([key]) => /(?:^|\/)(?:unclipped_)?grad_norm(?::|$)/.test(key)) ?? [];
    if (name !== undefined && !(typeof gradNorm === "number" && Number.isFinite(gradNorm))) {
      throw new TinkerValueError(`optim_step: expected a finite ${name}, got ${String(gradNorm)}: the server's weights are spoiled`, {
        route: "optim_step",
      });
    }
    const numbers = entries.filter((entry): entry is [string, number] => typeof entry[1] === "number");
    return { gradNorm: gradNorm ?? undefined, metrics: Object.fromEntries(numbers) };
  }

  /** Keeps weights and optimizer under a name, and gives their path. */
  async saveWeights(name: string, signal?: AbortSignal): Promise<string> {
    const { path } = await this.#numbered(
      "save_weights",
      (seq) => ({ model_id: this.id, path: name, seq_id: seq, type: "save_weights" }),
      signal,
    );
    return path;
  }

  /** Reads what {@link saveWeights} kept. Servers take it as a model's first request alone. */
  async loadWeights(
    path: string,
    { optimizer = true, signal }: { readonly optimizer?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    await this.#numbered("load_weights", (seq) => ({ model_id: this.id, path, optimizer, seq_id: seq, type: "load_weights" }), signal);
  }

  /** Keeps the weights for samplers under a name, and gives their path. */
  async saveForSampler(name: string, signal?: AbortSignal): Promise<string> {
    const body = (seq: number) => ({ model_id: this.id, path: name, seq_id: seq, type: "save_weights_for_sampler" as const });
    const { path } = await this.#numbered("save_weights_for_sampler", body, signal);
    if (!path) throw new TinkerValueError("save_weights_for_sampler: expected a path, got none", { route: "save_weights_for_sampler" });
    return path;
  }

  /** Gives the model's place free. */
  async unload(): Promise<void> {
    if (this.#isUnloaded) return;
    this.#isUnloaded = true;
    this.#options.onUnload?.();
    // One server reads the model from the query.
    const control = { retries: 1, timeoutMs: 10_000, query: `?model_id=${encodeURIComponent(this.id)}` };
    await this.#requests.start("unload_model", { model_id: this.id, type: "unload_model" }, control);
  }

  #startPass(data: readonly Datum[], options: PassOptions): Promise<Started<"forward_backward">> {
    const { lossFn, forwardOnly = false, weightedOnly = false, signal } = options;
    const seq = ++this.#lastSequence;
    const config = weightedOnly && this.#options.takesWeightedOnly ? { ...options.config, [WEIGHTED_ONLY]: 1 } : options.config;
    const input = { data, loss_fn: lossFn, ...(config && { loss_fn_config: config }) };
    const request = { model_id: this.id, seq_id: seq, forward_only: forwardOnly, forward_backward_input: input };
    return this.#requests.startPass(request, { signal });
  }

  async #numbered<R extends Numbered>(
    route: R,
    bodyOf: (seq: number) => FutureRoutes[R]["request"],
    signal?: AbortSignal,
  ): Promise<FutureRoutes[R]["result"]> {
    const { result } = await this.#lane.run(() => this.#requests.start(route, bodyOf(++this.#lastSequence), { signal }));
    return result();
  }
}

/** The server's own numbers, once each sequence's log-probabilities are handed on. */
function readPass(
  { loss_fn_outputs: outputs, metrics = {} }: ForwardBackwardOutput,
  chunk: readonly Datum[],
  onLogProbs: (index: number, logProbs: Float32Array) => void,
): Readonly<Record<string, number>> {
  chunk.forEach((datum, i) => onLogProbs(i, checkLogProbs(outputs[i]?.["logprobs"], datum, `forward_backward: sequence ${i}`)));
  return metrics;
}

/** Every result, once all that was sent has ended, so that nothing goes on behind an error; of several errors the first. */
async function allOrFirstFailure<T>(sent: Promise<void>, results: readonly Promise<T>[]): Promise<T[]> {
  const [sending] = await Promise.allSettled([sent]);
  const settled = await Promise.allSettled(results);
  const failed = [...settled, sending].find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason as Error;
  return settled.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}
