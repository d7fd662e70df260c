import { type LoRAConfig, type ServerCapabilities, WEIGHTED_ONLY } from "../wire/models.js";
import type { WaitOptions } from "./await-result.js";
import type { ChunkLimits } from "./chunks.js";
import { TinkerError, TinkerNotFoundError } from "./errors.js";
import { Heartbeat, type HeartbeatState } from "./heartbeat.js";
import { Gate } from "./lane.js";
import { Requests } from "./requests.js";
import { SamplingWeights, type WeightsName } from "./sampling-weights.js";
import { TrainingModel } from "./training-model.js";
import { Transport, type TransportOptions } from "./transport.js";

/** The generation of the API that this client speaks, by the number of the SDK that has it. */
const SDK_VERSION = "0.25.0";

/** Settings of a client. */
export interface TinkerClientOptions extends TransportOptions, WaitOptions {
  /** Ids are below it; without it they are checked to be whole numbers alone. */
  readonly vocabSize?: number;
  readonly chunks?: ChunkLimits;
  /** Requests for samples that wait for their results at once; default 256. */
  readonly maxConcurrentSamples?: number;
  /** Names of the run, for a server's lists. */
  readonly tags?: readonly string[];
  readonly heartbeatMs?: number;
  /** Tries after the first of the first request, which finds out if a server is there; default: those of all requests. */
  readonly connectRetries?: number;
  readonly signal?: AbortSignal;
}

/** A model to make on a server. */
export interface CreateModelOptions {
  readonly baseModel: string;
  readonly lora: LoRAConfig;
  readonly signal?: AbortSignal;
}

/** A session with a server: models that train, weights that sample, and the heartbeat that keeps them. Close it, or they keep their places. */
export class TinkerClient {
  readonly sessionId: string;
  readonly requests: Requests;
  /** What the server says of itself; empty where it says nothing. */
  readonly capabilities: ServerCapabilities;
  readonly #options: TinkerClientOptions;
  readonly #heartbeat: Heartbeat;
  readonly #gate: Gate;
  readonly #models = new Set<TrainingModel>();
  #modelSequence = 0;
  #samplingSequence = 0;

  private constructor(sessionId: string, requests: Requests, capabilities: ServerCapabilities, options: TinkerClientOptions) {
    this.sessionId = sessionId;
    this.requests = requests;
    this.capabilities = capabilities;
    this.#options = options;
    this.#gate = new Gate(options.maxConcurrentSamples ?? 256);
    this.#heartbeat = new Heartbeat(requests.transport, sessionId, options.heartbeatMs);
  }

  /** Opens a session. */
  static async connect(options: TinkerClientOptions): Promise<TinkerClient> {
    const requests = new Requests(new Transport(options), options);
    const { signal, tags = ["retool"], connectRetries: retries } = options;
    const first = { signal, ...(retries !== undefined && { retries }) };
    const capabilities = await requests.get<ServerCapabilities>("get_server_capabilities", first).catch(ignoreMissing);
    const body = { tags, user_metadata: {}, sdk_version: SDK_VERSION, type: "create_session" as const };
    const { session_id: id, error_message: fault } = await requests.post("create_session", body, { signal });
    if (fault) throw new TinkerError("TINKER_REQUEST", `create_session: ${fault}`, { route: "create_session" });
    return new TinkerClient(id, requests, capabilities ?? {}, options);
  }

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  /** State of the heartbeats. */
  get heartbeat(): HeartbeatState {
    return this.#heartbeat.state;
  }

  /** Names of the models that the server offers. */
  get modelNames(): readonly string[] {
    return (this.capabilities.supported_models ?? []).flatMap((model) => model.model_name ?? model.model_id ?? []);
  }

  /** Makes an adapter on a base model. */
  async createModel({ baseModel, lora, signal }: CreateModelOptions): Promise<TrainingModel> {
    const body = {
      session_id: this.sessionId,
      model_seq_id: this.#modelSequence++,
      base_model: baseModel,
      lora_config: lora,
      type: "create_model" as const,
    };
    const { model_id: id, lora_config: made } = await this.requests.run("create_model", body, { signal });
    const { vocabSize, chunks } = this.#options;
    const model: TrainingModel = new TrainingModel(id, this.requests, {
      vocabSize,
      chunks,
      takesWeightedOnly: this.capabilities.supported_loss_options?.includes(WEIGHTED_ONLY) ?? false,
      loraConfig: made,
      onUnload: () => void this.#models.delete(model),
    });
    this.#models.add(model);
    return model;
  }

  /** Weights to sample from. */
  sampleFrom(name: WeightsName): SamplingWeights {
    return new SamplingWeights(name, this.requests, {
      sessionId: this.sessionId,
      nextSamplingSession: () => this.#samplingSequence++,
      gate: this.#gate,
      vocabSize: this.#options.vocabSize,
    });
  }

  /** Removes weights that were kept for samplers; a server that cannot leaves them to their end. */
  async deleteCheckpoint(path: string): Promise<void> {
    const [, model, kind, name] = /^tinker:\/\/([^/]+)\/(?:([^/]+)\/)?([^/]+)$/.exec(path) ?? [];
    if (model === undefined) return;
    const route = `training_runs/${encodeURIComponent(model)}/checkpoints/${kind ?? "sampler_weights"}/${encodeURIComponent(name!)}`;
    await this.requests.delete(route, { retries: 0, timeoutMs: 10_000 }).catch(() => {});
  }

  /** Cancels what is outstanding, unloads all models and ends the heartbeat. Faults are not told: a server forgets a silent session by itself. */
  async close(): Promise<void> {
    await Promise.allSettled([this.requests.cancelAll(), ...[...this.#models].map((model) => model.unload())]);
    this.#heartbeat.stop();
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof TinkerNotFoundError) return undefined;
  throw error;
}
