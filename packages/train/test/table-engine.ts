import { RetoolError } from "@retool-ts/core";
import type {
  CriticEngine,
  Engine,
  EngineModel,
  EngineSampler,
  LossSpec,
  SamplerOptions,
  Snapshot,
  TrainingRow,
  TurnRequest,
  TurnTokens,
  ValueLossSpec,
} from "@retool-ts/engine";

const MODEL = (vocabSize: number): EngineModel => ({ vocabSize, maxPositions: 512, cacheBytesPerToken: 1, parameters: vocabSize ** 2 });

/** log-probabilities of all tokens behind one. */
function logSoftmax(logits: Float64Array, temperature: number): Float64Array {
  const scaled = logits.map((value) => value / temperature);
  const max = scaled.reduce((a, b) => Math.max(a, b));
  const total = Math.log(scaled.reduce((sum, value) => sum + Math.exp(value - max), 0)) + max;
  return scaled.map((value) => value - total);
}

/** Weights of a bigram model: a logit for each token behind each token. */
class Table {
  readonly rows: Float64Array[];

  constructor(rows: readonly Float64Array[]) {
    this.rows = rows.map((row) => Float64Array.from(row));
  }

  logProbs(rows: readonly TrainingRow[], temperature = 1): Float32Array[] {
    return rows.map(({ tokenIds, lossMask }) =>
      Float32Array.from({ length: tokenIds.length }, (_, t) =>
        t > 0 && lossMask[t] ? logSoftmax(this.rows[tokenIds[t - 1]!]!, temperature)[tokenIds[t]!]! : 0,
      ),
    );
  }
}

/** States by folder, as a disk would keep them. */
export class TableStore {
  readonly #files = new Map<string, unknown>();
  write(path: string, value: unknown): void {
    this.#files.set(path, structuredClone(value));
  }
  read<T>(path: string): T {
    if (!this.#files.has(path)) throw new RetoolError("STORE", `${path}: nothing there`);
    return structuredClone(this.#files.get(path)) as T;
  }
}

class TableSampler implements EngineSampler {
  readonly maxLength: number;
  readonly #table: Table;
  readonly #options: SamplerOptions;
  readonly #sequences = new Map<number, number[]>();
  #next = 0;

  constructor(table: Table, options: SamplerOptions) {
    this.#table = table;
    this.#options = options;
    this.maxLength = options.maxLength;
  }

  get available(): number {
    return this.#options.maxSequences - this.#sequences.size;
  }

  open(tokenIds: readonly number[]): number {
    this.#sequences.set(this.#next, [...tokenIds]);
    return this.#next++;
  }

  async prefill(): Promise<void> {}

  fork(sequence: number): number {
    return this.open(this.#sequences.get(sequence)!);
  }

  extend(sequence: number, tokenIds: readonly number[]): void {
    this.#sequences.get(sequence)!.push(...tokenIds);
  }

  async decode(sequence: number, request: TurnRequest): Promise<TurnTokens> {
    const ids = this.#sequences.get(sequence)!;
    const result = { tokenIds: [...(request.begun?.tokenIds ?? [])], logProbs: [...(request.begun?.logProbs ?? [])] };
    ids.push(...result.tokenIds);
    const stream = this.#options.textStream?.();
    let text = result.tokenIds.map((id) => stream?.push(id) ?? "").join("");
    while (result.tokenIds.length < request.maxTokens) {
      await Promise.resolve();
      if (request.signal?.aborted === true) return { ...result, finish: "aborted" };
      if (ids.length >= this.maxLength) return { ...result, finish: "full" };
      const greedy = request.temperature === 0;
      const unused = this.#options.unusedTokenIds ?? [];
      const logits = this.#table.rows[ids.at(-1)!]!.map((logit, id) => (unused.includes(id) ? -Infinity : logit));
      const logProbs = logSoftmax(logits, greedy ? 1 : request.temperature);
      const token = greedy ? logProbs.indexOf(Math.max(...logProbs)) : draw(logProbs, request.uniform(ids.length));
      ids.push(token);
      result.tokenIds.push(token);
      result.logProbs.push(Math.fround(logProbs[token]!));
      request.onToken?.(token, result.logProbs.at(-1)!);
      text += stream?.push(token) ?? "";
      if (request.stopTokenIds?.includes(token)) return { ...result, finish: "stop" };
      const stopString = request.stopStrings?.find((stop) => text.includes(stop));
      if (stopString !== undefined) return { ...result, finish: "stop", stopString };
    }
    return { ...result, finish: "length" };
  }

  close(sequence: number): void {
    this.#sequences.delete(sequence);
  }

  dispose(): void {}
}

function draw(logProbs: Float64Array, uniform: number): number {
  let sum = 0;
  for (const [token, value] of logProbs.entries()) {
    sum += Math.exp(value);
    if (uniform < sum) return token;
  }
  return logProbs.length - 1;
}

class TableSnapshot implements Snapshot {
  readonly model: EngineModel;
  #table: Table;
  readonly #engine: TableEngine;

  constructor(engine: TableEngine, table: Table) {
    this.#engine = engine;
    this.#table = table;
    this.model = engine.model;
  }

  async sampler(options: SamplerOptions): Promise<EngineSampler> {
    return new TableSampler(this.#table, options);
  }
  async logProbs(rows: readonly TrainingRow[], { temperature }: { readonly temperature?: number } = {}): Promise<Float32Array[]> {
    return this.#table.logProbs(rows, temperature);
  }
  async weightsDigest(): Promise<string> {
    return JSON.stringify(this.#table.rows.map((row) => [...row]));
  }
  async refresh(): Promise<void> {
    this.#table = new Table(this.#engine.table.rows);
  }
  async save(folder: string): Promise<void> {
    this.#engine.store.write(`${folder}/table`, this.#table.rows);
  }
  dispose(): void {}
}

/** V of the token before: one number each, learned by gradient descent. */
class TableCritic implements CriticEngine {
  #values: number[];
  #gradient: number[];
  readonly #store: TableStore;

  constructor(store: TableStore, values: readonly number[]) {
    this.#store = store;
    this.#values = [...values];
    this.#gradient = values.map(() => 0);
  }

  async values(rows: readonly TrainingRow[]): Promise<Float32Array[]> {
    return rows.map(({ tokenIds, lossMask }) =>
      Float32Array.from({ length: tokenIds.length }, (_, t) => (t > 0 && lossMask[t] ? this.#values[tokenIds[t - 1]!]! : 0)),
    );
  }

  async forwardBackward(rows: readonly TrainingRow[], { normalizer }: ValueLossSpec) {
    let loss = 0;
    for (const { tokenIds, lossMask, fields } of rows) {
      for (let t = 1; t < tokenIds.length; t++) {
        if (!lossMask[t]) continue;
        const error = this.#values[tokenIds[t - 1]!]! - fields!["returns"]![t]!;
        loss += (0.5 * error ** 2) / normalizer;
        this.#gradient[tokenIds[t - 1]!]! += error / normalizer;
      }
    }
    return { loss, metrics: {} };
  }

  async optimStep({ learningRate }: { readonly learningRate: number }) {
    const gradNorm = Math.hypot(...this.#gradient);
    this.#values = this.#values.map((value, i) => value - learningRate * this.#gradient[i]!);
    this.#gradient.fill(0);
    return { gradNorm };
  }

  async saveState(folder: string): Promise<void> {
    this.#store.write(`${folder}/values`, this.#values);
  }

  dispose(): void {}
}

/** One pass that an engine was asked for. */
export interface SeenPass {
  readonly rows: readonly TrainingRow[];
  readonly loss: LossSpec;
  readonly temperature: number;
}

/**
 * An engine without tensors: a bigram model with exact gradients of the cross-entropy and of the policy gradient at ratio 1 with its KL
 * penalty k3, in plain numbers. It keeps what it was asked for.
 */
export class TableEngine implements Engine {
  readonly model: EngineModel;
  readonly store: TableStore;
  readonly seen: SeenPass[] = [];
  /** Passes without gradients. */
  readonly measured: SeenPass[] = [];
  table: Table;
  #gradient: Float64Array[];
  #updates = 0;

  constructor(vocabSize: number, store = new TableStore()) {
    this.model = MODEL(vocabSize);
    this.store = store;
    this.table = new Table(Array.from({ length: vocabSize }, () => new Float64Array(vocabSize)));
    this.#gradient = this.#zeros();
  }

  get updates(): number {
    return this.#updates;
  }

  async sampler(options: SamplerOptions): Promise<EngineSampler> {
    return new TableSampler(this.table, options);
  }

  async logProbs(rows: readonly TrainingRow[], { temperature }: { readonly temperature?: number } = {}): Promise<Float32Array[]> {
    return this.table.logProbs(rows, temperature);
  }

  async weightsDigest(): Promise<string> {
    return JSON.stringify(this.table.rows.map((row) => [...row]));
  }

  async forwardBackward(rows: readonly TrainingRow[], loss: LossSpec, { temperature = 1 }: { readonly temperature?: number } = {}) {
    this.seen.push({ rows, loss, temperature });
    let [total, targets] = [0, 0];
    for (const row of rows) {
      for (let t = 1; t < row.tokenIds.length; t++) {
        if (!row.lossMask[t]) continue;
        targets++;
        const [before, token] = [row.tokenIds[t - 1]!, row.tokenIds[t]!];
        const logProbs = logSoftmax(this.table.rows[before]!, temperature);
        const { value, slope } = tokenLoss(loss, row, t, logProbs[token]!);
        total += value;
        logProbs.forEach(
          (logProb, i) => (this.#gradient[before]![i]! += (slope / temperature) * ((i === token ? 1 : 0) - Math.exp(logProb))),
        );
      }
    }
    return { loss: total, metrics: {}, targets };
  }

  /** The entropy and the loss of forwardBackward, which leaves no gradient here. */
  async measure(rows: readonly TrainingRow[], loss: LossSpec, { temperature = 1 }: { readonly temperature?: number } = {}) {
    this.measured.push({ rows, loss, temperature });
    let [total, entropy, targets] = [0, 0, 0];
    for (const row of rows) {
      for (let t = 1; t < row.tokenIds.length; t++) {
        if (!row.lossMask[t]) continue;
        targets++;
        const logProbs = logSoftmax(this.table.rows[row.tokenIds[t - 1]!]!, temperature);
        total += tokenLoss(loss, row, t, logProbs[row.tokenIds[t]!]!).value;
        entropy -= logProbs.reduce((sum, logProb) => sum + Math.exp(logProb) * logProb, 0);
      }
    }
    return { loss: total, metrics: { "policy/entropy": entropy / targets }, targets };
  }

  async optimStep({ learningRate }: { readonly learningRate: number }) {
    const gradNorm = Math.hypot(...this.#gradient.map((row) => Math.hypot(...row)));
    this.table = new Table(this.table.rows.map((row, i) => row.map((value, j) => value - learningRate * this.#gradient[i]![j]!)));
    this.#gradient = this.#zeros();
    this.#updates++;
    return { gradNorm };
  }

  async resetOptimizer(): Promise<void> {
    this.#updates = 0;
  }

  async saveState(folder: string): Promise<void> {
    this.store.write(`${folder}/table`, this.table.rows);
    this.store.write(`${folder}/updates`, this.#updates);
  }

  async loadState(folder: string): Promise<void> {
    this.table = new Table(this.store.read<Float64Array[]>(`${folder}/table`));
    this.#updates = this.store.read<number>(`${folder}/updates`);
  }

  async snapshot(): Promise<Snapshot> {
    return new TableSnapshot(this, new Table(this.table.rows));
  }

  async loadSnapshot(folder: string): Promise<Snapshot> {
    return new TableSnapshot(this, new Table(this.store.read<Float64Array[]>(`${folder}/table`)));
  }

  async critic(from?: string): Promise<CriticEngine> {
    const zeros = Array.from({ length: this.model.vocabSize }, () => 0);
    return new TableCritic(this.store, from === undefined ? zeros : this.store.read<number[]>(`${from}/values`));
  }

  #zeros(): Float64Array[] {
    return this.table.rows.map((row) => new Float64Array(row.length));
  }
}

/** Loss of one token and its derivative by the token's log-probability. */
function tokenLoss(
  loss: LossSpec,
  { fields }: TrainingRow,
  t: number,
  logProb: number,
): { readonly value: number; readonly slope: number } {
  if (loss.name === "cross-entropy") return { value: -logProb / loss.normalizer, slope: -1 / loss.normalizer };
  const share = 1 / loss.counts.tokens;
  const ratio = Math.exp(logProb - fields!["oldLogProbs"]![t]!);
  const advantage = fields!["advantages"]![t]!;
  let [value, slope] = [-ratio * advantage * share, -ratio * advantage * share];
  if (loss.kl !== null) {
    const toReference = fields!["refLogProbs"]![t]! - logProb;
    value += loss.kl.coef * (Math.exp(toReference) - toReference - 1) * share;
    slope += loss.kl.coef * (1 - Math.exp(toReference)) * share;
  }
  return { value, slope };
}
