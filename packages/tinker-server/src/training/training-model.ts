import type { FairTurns } from "../fair-turns.js";
import type { LossRow } from "../losses/training-rows.js";
import type { TinkerLoss } from "../losses/tinker-loss.js";
import type { AdamConstants, ServedBase, TrainedModel } from "../served-base.js";
import type { ModelFiles, ModelRecord } from "../state/model-files.js";
import { failed, type Outcome } from "../state/outcome.js";
import { OperationOrder } from "./operation-order.js";
import { forward, forwardBackward } from "./pass.js";

/** An optimizer step that a client asks for. */
export interface AdamStep extends AdamConstants {
  readonly learningRate: number;
}

/** One pass among others. */
export interface PassControl {
  readonly forwardOnly: boolean;
  /** Stops it at its next pause. */
  readonly signal: AbortSignal;
}

/** Beside the model itself. */
export interface TrainingModelOptions {
  readonly record: ModelRecord;
  readonly base: ServedBase;
  readonly files: ModelFiles;
  /** One pass at a time, over all models. */
  readonly compute: FairTurns;
  readonly gapTimeoutMs: number;
}

const ONE_TOKEN = { temperature: 1, topP: 1, topK: 0, maxTokens: 1, uniform: () => 0.5 };

/** One client's adapter: what it is asked for in its order, and the state that survives a crash. */
export class TrainingModel {
  readonly id: string;
  readonly session: string;
  readonly base: ServedBase;
  readonly order: OperationOrder;
  #record: ModelRecord;
  #trained: TrainedModel;
  readonly #options: TrainingModelOptions;
  /** Says why the gradients that wait are not those that the client believes. */
  #spoiled: string | undefined;
  /** Passes since the last step. */
  #passes = 0;
  #tokens = 0;

  private constructor(trained: TrainedModel, options: TrainingModelOptions) {
    this.#trained = trained;
    this.#options = options;
    this.#record = options.record;
    this.id = options.record.id;
    this.session = options.record.session;
    this.base = options.base;
    this.order = new OperationOrder({ next: options.record.next, gapTimeoutMs: options.gapTimeoutMs });
  }

  /** Makes the adapter and takes up the state that its record names. */
  static async open(options: TrainingModelOptions): Promise<TrainingModel> {
    const { record, base, files, compute } = options;
    return compute.run(record.session, async () => {
      const trained = await base.createModel(record);
      const model = new TrainingModel(trained, options);
      try {
        const folder = files.stateFolder(record);
        if (folder !== undefined) await trained.engine.loadState(folder);
        return model;
      } catch (error) {
        trained.dispose();
        throw error;
      }
    });
  }

  get record(): ModelRecord {
    return this.#record;
  }

  get alpha(): number {
    return this.#trained.alpha;
  }

  /** Targets that gradients were computed of. */
  get trainedTokens(): number {
    return this.#tokens;
  }

  /** Remembers that a pass which the next step should have had was refused. */
  spoil(why: string): void {
    this.#spoiled ??= why;
  }

  /** Gradients, or log-probabilities alone. One that is stopped on its way spoils the gradients, as one that fails does. */
  async pass(rows: readonly LossRow[], loss: TinkerLoss, { forwardOnly, signal }: PassControl): Promise<Outcome> {
    const { engine } = this.#trained;
    const options = { maxTokensPerPass: this.base.maxTokensPerPass ?? 4096, turn: this.#turn, signal };
    if (forwardOnly) return { kind: "pass", body: await forward(engine, rows, loss, options) };
    try {
      const body = await forwardBackward(engine, rows, loss, options);
      this.#passes++;
      this.#tokens += rows.reduce((sum, { tokenIds }) => sum + tokenIds.length - 1, 0);
      return { kind: "pass", body };
    } catch (error) {
      this.spoil(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** One update, and the state after it on the disk. */
  async step({ learningRate, ...optimizer }: AdamStep, order: number): Promise<Outcome> {
    const { engine } = this.#trained;
    const [spoiled, passes] = [this.#spoiled, this.#passes];
    this.#spoiled = undefined;
    this.#passes = 0;
    if (spoiled !== undefined) {
      engine.clearGradients();
      return failed(`optim_step: a forward_backward before it failed; its gradients are dropped, the weights are as they were: ${spoiled}`);
    }
    // Without gradients nothing changes, moments and their count neither.
    if (passes === 0) return stepped(0, learningRate);
    const { gradNorm } = await this.#turn(() => engine.optimStep({ learningRate, optimizer }));
    if (!Number.isFinite(gradNorm)) return failed(`optim_step: the gradient's norm is ${gradNorm}; the weights are as they were`);
    if (!(await this.#isSound())) {
      await this.#turn(() => this.#goBack());
      const found = "log-probabilities are no numbers with the weights that it leads to";
      return failed(`optim_step: learning rate ${learningRate}: ${found}; the weights are as they were`);
    }
    await this.#keep(order);
    return stepped(gradNorm, learningRate);
  }

  /** Weights, and moments where they are wanted, of a checkpoint. Gradients that wait are dropped. */
  async load(folder: string, optimizer: boolean, order: number): Promise<void> {
    const { engine } = this.#trained;
    this.#spoiled = undefined;
    this.#passes = 0;
    await this.#turn(async () => {
      await engine.loadState(folder);
      if (!optimizer) await engine.resetOptimizer();
    });
    await this.#keep(order);
  }

  /** Writes weights and optimizer. */
  saveState(folder: string): Promise<void> {
    return this.#turn(() => this.#trained.engine.saveState(folder));
  }

  /** Writes the weights as they are, to be sampled from. */
  saveSampler(folder: string): Promise<void> {
    return this.#turn(async () => {
      const snapshot = await this.#trained.engine.snapshot();
      try {
        await snapshot.save(folder);
      } finally {
        snapshot.dispose();
      }
    });
  }

  /** Ends what is at work, and frees the adapter. */
  async close(): Promise<void> {
    await this.order.close();
    this.#trained.dispose();
  }

  /** False when the weights are absurd: any that are not finite, or so large that sums overflow, spoil every token. */
  #isSound(): Promise<boolean> {
    return this.#turn(async () => {
      const { engine } = this.#trained;
      // A sampler reads the base's weights in the order in which its other samplers do, so one token costs little.
      const sampler = await engine.sampler({ maxSequences: 1, maxLength: 2, vocabSize: engine.model.vocabSize });
      try {
        const { logProbs } = await sampler.decode(sampler.open([0]), ONE_TOKEN);
        return Number.isFinite(logProbs[0]);
      } finally {
        sampler.dispose();
      }
    });
  }

  /** Takes up the state that the record names. */
  async #goBack(): Promise<void> {
    const folder = this.#options.files.stateFolder(this.#record);
    if (folder !== undefined) return this.#trained.engine.loadState(folder);
    const fresh = await this.base.createModel(this.#record);
    this.#trained.dispose();
    this.#trained = fresh;
  }

  readonly #turn = <T>(work: () => Promise<T>): Promise<T> => this.#options.compute.run(this.session, work);

  /** Nothing before this point has to be done again after a crash. */
  async #keep(order: number): Promise<void> {
    const { state: _, ...record } = this.#record;
    const next = { ...record, next: this.order.next, order };
    await this.#options.files.save(next, (folder) => this.saveState(folder));
    this.#record = { ...next, state: `state-${order}` };
  }
}

function stepped(gradNorm: number, learningRate: number): Outcome {
  return { kind: "json", body: { type: "optim_step", metrics: { grad_norm: gradNorm, learning_rate: learningRate } } };
}
