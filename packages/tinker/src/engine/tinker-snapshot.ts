import type { EngineModel, SamplerOptions, ScoringOptions, SharedWeights, Snapshot, TrainingRow } from "@retool-ts/engine";
import type { SamplingWeights } from "../client/sampling-weights.js";
import { checkTemperature, type EngineFacts, ServerModel } from "./server-model.js";
import { writeStateFile } from "./state-file.js";
import { TinkerSampler } from "./tinker-sampler.js";
import { masked } from "./weighted-rows.js";

/** Frozen weights: the base model, or a model of their own that is never trained. */
export type FrozenSource = { readonly path: string; readonly updates: number } | "base";

/** What a snapshot is made of. */
export interface SnapshotParts {
  readonly facts: EngineFacts;
  readonly model: EngineModel;
  readonly source: FrozenSource;
  /** Keeps the engine's newest weights on the server. */
  readonly newest: () => Promise<FrozenSource>;
}

/** Weights as they were, on a server. */
export class TinkerSnapshot implements Snapshot {
  readonly model: EngineModel;
  readonly #parts: SnapshotParts;
  #source: FrozenSource;
  #frozen: Frozen;

  private constructor(parts: SnapshotParts, frozen: Frozen) {
    this.model = parts.model;
    this.#parts = parts;
    this.#source = parts.source;
    this.#frozen = frozen;
  }

  static async open(parts: SnapshotParts): Promise<TinkerSnapshot> {
    return new TinkerSnapshot(parts, await freeze(parts.facts, parts.source));
  }

  async sampler(options: SamplerOptions): Promise<TinkerSampler> {
    const { stopIds, vocabSize, maxPositions } = this.#parts.facts;
    return new TinkerSampler(options, { weights: () => this.#frozen.weights(), stopIds, modelVocabSize: vocabSize, maxPositions });
  }

  async logProbs(rows: readonly TrainingRow[], { temperature = 1 }: ScoringOptions = {}): Promise<Float32Array[]> {
    checkTemperature(temperature, "logProbs");
    const scores = await this.#frozen.score(rows);
    return scores.map((values, i) => masked(rows[i]!, values));
  }

  async weightsDigest(): Promise<string> {
    return this.#source === "base" ? `base ${this.#parts.facts.baseModel}` : this.#source.path;
  }

  async share(): Promise<SharedWeights> {
    return { ...(await this.#frozen.weights()).name };
  }

  async refresh(): Promise<void> {
    const old = this.#frozen;
    this.#source = await this.#parts.newest();
    this.#frozen = await freeze(this.#parts.facts, this.#source);
    await old.unload();
  }

  /** Names the weights; they stay on the server. */
  async save(folder: string): Promise<void> {
    const { client, baseModel, rank } = this.#parts.facts;
    const { path, updates } = this.#source === "base" ? { path: null, updates: 0 } : this.#source;
    await writeStateFile(folder, { baseUrl: client.baseUrl, baseModel, rank, path, updates });
  }

  dispose(): void {
    void this.#frozen.unload();
  }
}

interface Frozen {
  weights(): Promise<SamplingWeights>;
  /** In the rows' places, masked tokens included or not. */
  score(rows: readonly TrainingRow[]): Promise<Float32Array[]>;
  unload(): Promise<void>;
}

/** The base model needs no place on the server; anything else is loaded into a model of its own. */
async function freeze(facts: EngineFacts, source: FrozenSource): Promise<Frozen> {
  if (source !== "base") return ServerModel.load(facts, source.path, false);
  const weights = facts.client.sampleFrom({ baseModel: facts.baseModel });
  return {
    weights: async () => weights,
    score: (rows) => Promise.all(rows.map((row) => scorePrompt(weights, row))),
    unload: async () => {},
  };
}

/** Log-probabilities of a prompt; servers give one a token, of which the first is null, or leave the first out. */
async function scorePrompt(weights: SamplingWeights, { tokenIds }: TrainingRow): Promise<Float32Array> {
  const values = new Float32Array(tokenIds.length);
  if (tokenIds.length < 2) return values;
  const { prompt_logprobs: found } = await weights.sample({
    prompt: Array.from(tokenIds),
    params: { max_tokens: 1 },
    promptLogProbs: true,
  });
  const first = tokenIds.length - (found?.length ?? 0);
  for (let t = 1; t < tokenIds.length; t++) values[t] = found?.[t - first] ?? NaN;
  return values;
}
