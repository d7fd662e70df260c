import type {
  Engine,
  EngineModel,
  ForwardBackwardOptions,
  ForwardBackwardResult,
  LoadStateOptions,
  LossSpec,
  OptimStepOptions,
  OptimStepResult,
  SamplerOptions,
  ScoringOptions,
  SharedWeights,
  TrainingRow,
} from "@retool-ts/engine";
import { TinkerInputError, TinkerUnsupportedError } from "../client/errors.js";
import { sequenceBytes } from "../client/chunks.js";
import { LossSum, rowSlopes, type RowSlopes } from "../loss/loss-slopes.js";
import type { AdamParams } from "../wire/models.js";
import { type PassPlan, planBySlopes, planDirectly } from "./plan-pass.js";
import { Reduction } from "./reduction.js";
import { checkTemperature, type EngineFacts, ServerModel } from "./server-model.js";
import { readStateFile, writeStateFile } from "./state-file.js";
import { StopIds } from "./stop-ids.js";
import type { TinkerEngineOptions } from "./tinker-engine-options.js";
import type { TinkerSampler } from "./tinker-sampler.js";
import { type FrozenSource, TinkerSnapshot } from "./tinker-snapshot.js";
import { checkLengths } from "./server-semantics.js";
import { stretches } from "./stretches.js";
import { masked, rowDatum, targetsOf, unshifted } from "./weighted-rows.js";

/** Requests whose sequences are scored before the first of them is learned from, where slopes need that: scores of more are not held. */
const REQUESTS_SCORED = 32;
/** The smallest learning rate, for servers that refuse 0: with Adam it moves no weight. */
const TINY_RATE = 1e-12;

/**
 * A policy on a server of the Tinker API. Losses are said by what the server has, so that a step is the same on each: a loss that it lacks
 * goes by its slopes, and what it divides by is made up for.
 *
 * Close it, or the server keeps its places until the session has been silent for some minutes.
 */
export class TinkerEngine implements Engine {
  readonly model: EngineModel;
  readonly #options: TinkerEngineOptions;
  readonly #facts: EngineFacts;
  readonly #reduction: Reduction;
  readonly #said = new Set<string>();
  #server: ServerModel;
  /** What the weights follow from: a path on the server and the updates since. */
  #origin: { readonly path: string | null; readonly since: number } = { path: null, since: 0 };
  #updates = 0;
  /** Log-probabilities of rows by the weights as they are, by the rows' ids. */
  #known = new WeakMap<object, Float32Array>();
  /** A pass failed, and nobody knows which part of its gradients waits on the server. */
  #isSpoiled = false;
  readonly #snapshots = new Set<TinkerSnapshot>();

  private constructor(server: ServerModel, facts: EngineFacts, options: TinkerEngineOptions) {
    this.model = { ...options.model, cacheBytesPerToken: 0 };
    this.#server = server;
    this.#facts = facts;
    this.#options = options;
    this.#reduction = new Reduction(options.semantics);
  }

  /** Makes an adapter on the server. */
  static async create(options: TinkerEngineOptions): Promise<TinkerEngine> {
    const { client, baseModel, rank, model, seed = 0, signal } = options;
    const runName = options.runName ?? `retool-${crypto.randomUUID().slice(0, 8)}`;
    const { vocabSize, maxPositions } = model;
    const facts = { client, baseModel, rank, seed, vocabSize, maxPositions, runName, stopIds: new StopIds() };
    return new TinkerEngine(await ServerModel.create(facts, signal), facts, options);
  }

  /** The adapter's id on the server. */
  get modelId(): string {
    return this.#server.model.id;
  }

  async sampler(options: SamplerOptions): Promise<TinkerSampler> {
    return this.#server.sampler(options);
  }

  /** Log-probabilities by the training side of the server: one array a row, 0 where the mask is 0. */
  async logProbs(rows: readonly TrainingRow[], { temperature = 1 }: ScoringOptions = {}): Promise<Float32Array[]> {
    checkTemperature(temperature, "logProbs");
    this.#checkRows(rows);
    const scores = await this.#scores(rows);
    return scores.map((values, i) => masked(rows[i]!, values));
  }

  async forwardBackward(
    rows: readonly TrainingRow[],
    loss: LossSpec,
    { temperature = 1, signal }: ForwardBackwardOptions = {},
  ): Promise<ForwardBackwardResult> {
    checkTemperature(temperature, "forwardBackward");
    if (typeof loss === "function") throw new TinkerUnsupportedError("forwardBackward: a loss that is a function cannot be sent; name one of the losses instead"); // prettier-ignore
    this.#checkRows(rows);
    const taught = rows.filter((row) => targetsOf(row) > 0);
    if (taught.length === 0) return { loss: 0, metrics: {}, targets: 0 }; // a server never answers an empty batch
    checkLengths(taught, this.#options.semantics);
    const { lossFn, config, names, tensors, scaled, needsScores = false } = this.#plan(loss);
    const { model } = this.#server;
    const bytes = taught.map(({ tokenIds }) => sequenceBytes(tokenIds.length - 1, [...names, "weights"]));
    const sizes = model.requestSizes(bytes);
    const factors = this.#reduction.factors(loss, taught, sizes);
    // Rows become sequences as they are sent, and log-probabilities sums as they come: a step of many long rollouts is in memory once.
    const datum = (index: number) => {
      const own = tensors(taught[index]!);
      return rowDatum(taught[index]!, { ...own, [scaled]: Float64Array.from(own[scaled]!, (value) => value * factors[index]!) });
    };
    const sum = new LossSum();
    let isBegun = false;
    try {
      for (const { start, end } of stretches(sizes, needsScores ? REQUESTS_SCORED : Infinity)) {
        const rowsOf = taught.slice(start, end);
        if (needsScores) await this.#scores(rowsOf, signal);
        if (!isBegun) datum(0); // a loss that cannot be said is refused before anything is sent
        isBegun = true;
        const parts: Omit<RowSlopes, "slopes">[] = [];
        const source = { bytes: bytes.slice(start, end), datum: (index: number) => datum(start + index) };
        await model.passEach(source, { lossFn, weightedOnly: true, signal, ...(config && { config }) }, (index, logProbs) => {
          const { slopes: _, ...part } = rowSlopes(loss, rowsOf[index]!, unshifted(logProbs));
          parts[index] = part;
        });
        for (const part of parts) sum.add(part);
        for (const { tokenIds } of rowsOf) this.#known.delete(tokenIds); // it is learned, and the next step has other weights
      }
      return { loss: sum.loss, metrics: sum.metrics, targets: sum.targets };
    } catch (error) {
      this.#isSpoiled ||= isBegun;
      throw error;
    }
  }

  /** The loss and its metrics by log-probabilities that the server tells. */
  async measure(
    rows: readonly TrainingRow[],
    loss: LossSpec,
    { temperature = 1, signal }: ForwardBackwardOptions = {},
  ): Promise<ForwardBackwardResult> {
    checkTemperature(temperature, "measure");
    this.#checkRows(rows);
    const taught = rows.filter((row) => targetsOf(row) > 0);
    const scores = await this.#scores(taught, signal);
    const sum = new LossSum();
    taught.forEach((row, i) => sum.add(rowSlopes(loss, row, scores[i]!)));
    return { loss: sum.loss, metrics: sum.metrics, targets: sum.targets };
  }

  async optimStep({ learningRate }: OptimStepOptions): Promise<OptimStepResult> {
    if (this.#isSpoiled) {
      throw new TinkerUnsupportedError(
        "optimStep: a pass of this step failed, and part of its gradients may wait on the server; go on from a checkpoint",
      );
    }
    const { semantics } = this.#options;
    const fillers = this.#reduction.endStep();
    if (fillers.length > 0) await this.#server.model.pass(fillers, { lossFn: "importance_sampling" });
    const rate = semantics.takesZeroRate ? learningRate : Math.max(TINY_RATE, learningRate);
    const { gradNorm } = await this.#server.model.optimStep(this.#adam(rate));
    this.#origin = { ...this.#origin, since: this.#origin.since + 1 };
    this.#updates++;
    this.#known = new WeakMap();
    this.#server.changed();
    if (gradNorm === undefined) this.#once("the server does not tell the norm of the gradient: optim/grad_norm is 0");
    return { gradNorm: gradNorm ?? 0 };
  }

  async resetOptimizer(): Promise<void> {
    this.#reduction.forget();
    if (this.#server.model.requestsSent === 0) return; // there is nothing to forget
    await this.#replace(await this.#server.keepState(), { optimizer: false });
  }

  /** Keeps weights and optimizer on the server, and writes their name into the folder. */
  async saveState(folder: string): Promise<void> {
    const path = await this.#server.keepState();
    this.#origin = { path, since: 0 };
    const { client, baseModel, rank } = this.#facts;
    await writeStateFile(folder, { baseUrl: client.baseUrl, baseModel, rank, path, updates: this.#updates });
  }

  /** Both weights and optimizer are read in any case: a server has them in one. */
  async loadState(folder: string, _options?: LoadStateOptions): Promise<void> {
    const { path, updates } = await readStateFile(folder, this.#facts);
    this.#reduction.forget();
    if (path === null) throw new TinkerInputError(`loadState: ${folder} names the base model, which has no optimizer`);
    await this.#replace(path, { optimizer: true });
    this.#updates = updates;
  }

  async snapshot(): Promise<TinkerSnapshot> {
    return this.#open(await this.#freeze());
  }

  async loadSnapshot(folder: string): Promise<TinkerSnapshot> {
    const { path, updates } = await readStateFile(folder, this.#facts);
    return this.#open(path === null ? "base" : { path, updates });
  }

  /** Names the weights: the state that they follow from, and the updates since on this very model. */
  async weightsDigest(): Promise<string> {
    const { path, since } = this.#origin;
    if (since === 0) return path ?? `base ${this.#facts.baseModel}`; // a fresh adapter changes nothing
    return `${path ?? `base ${this.#facts.baseModel}`} + ${since} on ${this.modelId}`;
  }

  /** The newest weights, kept on the server for samplers until the next update. */
  async share(): Promise<SharedWeights> {
    return { ...(await this.#server.weights()).name };
  }

  /** Gives the model's places on the server free; the client is its owner's. */
  async close(): Promise<void> {
    for (const snapshot of this.#snapshots) snapshot.dispose();
    await this.#server.unload();
  }

  /** A plan by slopes reads the log-probabilities of a row when the row is sent. */
  #plan(loss: LossSpec): PassPlan {
    const { semantics } = this.#options;
    return planDirectly(loss, semantics) ?? planBySlopes(loss, ({ tokenIds }) => this.#known.get(tokenIds)!, semantics);
  }

  #adam(rate: number): AdamParams {
    const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = this.#options.optimizer;
    const isClipped = Number.isFinite(maxGradNorm);
    if (isClipped && !this.#options.semantics.clipsGradient) {
      this.#once(`the server does not clip gradients: optimizer.maxGradNorm ${maxGradNorm} has no effect`);
    }
    return { learning_rate: rate, beta1, beta2, eps: epsilon, weight_decay: weightDecay, grad_clip_norm: isClipped ? maxGradNorm : 0 };
  }

  /** Log-probabilities by the current weights in the rows' places; those that were asked for since the last update are not asked for again. */
  async #scores(rows: readonly TrainingRow[], signal?: AbortSignal): Promise<Float32Array[]> {
    const known = this.#known;
    const missing = rows.filter(({ tokenIds }) => !known.has(tokenIds));
    const scores = await this.#server.score(missing, signal);
    missing.forEach(({ tokenIds, lossMask }, i) => {
      // What a mask hides has not been asked for where all is hidden.
      if (targetsOf({ tokenIds, lossMask }) > 0) known.set(tokenIds, scores[i]!);
    });
    return rows.map(({ tokenIds }) => known.get(tokenIds) ?? new Float32Array(tokenIds.length));
  }

  async #replace(path: string, { optimizer }: { readonly optimizer: boolean }): Promise<void> {
    const old = this.#server;
    if (old.model.requestsSent === 0) await old.model.loadWeights(path, { optimizer });
    else {
      this.#server = await ServerModel.load(this.#facts, path, optimizer);
      await old.unload();
    }
    this.#server.changed();
    this.#origin = { path, since: 0 };
    this.#known = new WeakMap();
    this.#isSpoiled = false;
  }

  /** A fresh adapter changes nothing, so that the base model is its snapshot. */
  async #freeze(): Promise<FrozenSource> {
    if (this.#origin.path === null && this.#updates === 0) return "base";
    const path = this.#origin.path !== null && this.#origin.since === 0 ? this.#origin.path : await this.#server.keepState();
    this.#origin = { path, since: 0 };
    return { path, updates: this.#updates };
  }

  async #open(source: FrozenSource): Promise<TinkerSnapshot> {
    const snapshot = await TinkerSnapshot.open({ facts: this.#facts, model: this.model, source, newest: () => this.#freeze() });
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  #checkRows(rows: readonly TrainingRow[]): void {
    const { maxPositions, vocabSize } = this.model;
    rows.forEach(({ tokenIds }, row) => {
      if (tokenIds.length > maxPositions)
        throw new TinkerInputError(`rows[${row}]: expected at most ${maxPositions} tokens, got ${tokenIds.length}`);
      for (let i = 0; i < tokenIds.length; i++) {
        const id = tokenIds[i]!;
        if (!(Number.isInteger(id) && id >= 0 && id < vocabSize)) throw new TinkerInputError(`rows[${row}].tokenIds[${i}]: expected an id from 0 to ${vocabSize - 1}, got ${id}`); // prettier-ignore
      }
    });
  }

  #once(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#options.say?.(text);
  }
}
