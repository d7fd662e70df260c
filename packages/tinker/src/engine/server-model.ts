import type { SamplerOptions, TrainingRow } from "@retool-ts/engine";
import { sequenceBytes } from "../client/chunks.js";
import { TinkerUnsupportedError } from "../client/errors.js";
import type { SamplingWeights } from "../client/sampling-weights.js";
import type { TinkerClient } from "../client/tinker-client.js";
import type { TrainingModel } from "../client/training-model.js";
import type { StopIds } from "./stop-ids.js";
import { TinkerSampler } from "./tinker-sampler.js";
import { rowDatum, targetsOf, unshifted } from "./weighted-rows.js";

/** Facts that all models of an engine share. */
export interface EngineFacts {
  readonly client: TinkerClient;
  readonly baseModel: string;
  readonly rank: number;
  readonly seed: number;
  readonly vocabSize: number;
  readonly maxPositions: number;
  /** Begins the names of what is kept on the server. */
  readonly runName: string;
  readonly stopIds: StopIds;
}

/**
 * A model on a server and the samplers of its newest weights. Weights are kept for samplers once an update, and removed when they are old.
 *
 * Samplers never ask for weights of the past: a server that keeps one adapter a model was seen to put older weights, when asked to sample
 * from them, in the place of those that train.
 */
export class ServerModel {
  readonly model: TrainingModel;
  readonly #facts: EngineFacts;
  #kept: { readonly version: number; readonly weights: Promise<SamplingWeights>; readonly path: Promise<string> } | undefined;
  #version = 0;
  static #names = 0;

  constructor(model: TrainingModel, facts: EngineFacts) {
    this.model = model;
    this.#facts = facts;
  }

  static async create(facts: EngineFacts, signal?: AbortSignal): Promise<ServerModel> {
    const { client, baseModel, rank, seed } = facts;
    // Without the head: samplers were seen to refuse an adapter on it.
    const lora = { rank, seed, train_attn: true, train_mlp: true, train_unembed: false };
    return new ServerModel(await client.createModel({ baseModel, lora, ...(signal && { signal }) }), facts);
  }

  /** A model that has what another kept. */
  static async load(facts: EngineFacts, path: string, optimizer: boolean): Promise<ServerModel> {
    const model = await ServerModel.create(facts);
    try {
      await model.model.loadWeights(path, { optimizer });
      return model;
    } catch (error) {
      await model.unload();
      throw error;
    }
  }

  /** A name that is on the server for the first time. */
  name(kind: string): string {
    return `${this.#facts.runName}-${kind}-${ServerModel.#names++}`;
  }

  /** Weights and optimizer as they are now, by their path. */
  keepState(): Promise<string> {
    return this.model.saveWeights(this.name("state"));
  }

  /** To be called after an update: what samplers have is old. */
  changed(): void {
    this.#version++;
  }

  sampler(options: SamplerOptions): TinkerSampler {
    const { stopIds, vocabSize, maxPositions } = this.#facts;
    return new TinkerSampler(options, { weights: () => this.weights(), stopIds, modelVocabSize: vocabSize, maxPositions });
  }

  /** The newest weights, for samplers. */
  async weights(): Promise<SamplingWeights> {
    const old = this.#kept;
    if (old?.version === this.#version) return old.weights;
    const path = this.model.saveForSampler(this.name("sampler"));
    const kept = { version: this.#version, path, weights: path.then((name) => this.#facts.client.sampleFrom({ path: name })) };
    this.#kept = kept;
    kept.weights.catch(() => {
      if (this.#kept === kept) this.#kept = undefined; // so that the next asks again
    });
    await kept.weights;
    if (old !== undefined) void old.path.then((name) => this.#facts.client.deleteCheckpoint(name)).catch(() => {});
    return kept.weights;
  }

  /** Log-probabilities of the tokens of rows that have any, in the rows' places. */
  async score(rows: readonly TrainingRow[], signal?: AbortSignal): Promise<Float32Array[]> {
    const scored = rows.filter((row) => targetsOf(row) > 0);
    if (scored.length === 0) return rows.map(({ tokenIds }) => new Float32Array(tokenIds.length));
    const found = new Map<TrainingRow, Float32Array>();
    const bytes = scored.map(({ tokenIds }) => sequenceBytes(tokenIds.length - 1, ["weights"]));
    const source = { bytes, datum: (index: number) => rowDatum(scored[index]!) };
    const options = { lossFn: "cross_entropy", forwardOnly: true, weightedOnly: true, signal };
    await this.model.passEach(source, options, (index, logProbs) => {
      found.set(scored[index]!, unshifted(logProbs));
    });
    return rows.map((row) => found.get(row) ?? new Float32Array(row.tokenIds.length));
  }

  async unload(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined) await kept.path.then((name) => this.#facts.client.deleteCheckpoint(name)).catch(() => {});
    await this.model.unload().catch(() => {});
  }
}

/** @throws TinkerUnsupportedError for a temperature that no server trains at. */
export function checkTemperature(temperature: number, what: string): void {
  if (temperature === 1) return;
  throw new TinkerUnsupportedError(
    `${what}: temperature ${temperature}: servers of the Tinker API train at temperature 1; sample at temperature 1`,
  );
}
