import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RetoolError } from "@retool-ts/core";
import type {
  CriticEngine,
  Engine,
  EngineModel,
  EngineSampler,
  ForwardBackwardOptions,
  ForwardBackwardResult,
  LoadStateOptions,
  LossSpec,
  OptimStepOptions,
  OptimStepResult,
  SamplerOptions,
  ScoringOptions,
  SharedWeights,
  Snapshot,
  TrainingRow,
} from "@retool-ts/engine";
import { Gate, StopIds } from "@retool-ts/tinker";
import type { SamplingServer } from "./sampling-server.js";
import { servedSampler, type ServerLink } from "./served-sampler.js";
import { ServedWeights } from "./served-weights.js";

/** Options of {@link SampledElsewhere}. */
export interface SampledElsewhereOptions {
  readonly server: SamplingServer;
  /** A folder that this process and the server see; weights go through it. Default: a new one below the system's temporary folder. */
  readonly folder?: string;
  /** Begins the names of weights on the server. Default: `retool-` and random digits. */
  readonly name?: string;
  /** Requests that wait for their answers at once; default 256. */
  readonly concurrency?: number;
}

/** What samplers of an engine and its snapshots share. */
interface Link extends ServerLink {
  readonly model: EngineModel;
  /** Weights of their own on the server. */
  serve(save: (folder: string) => Promise<void>): ServedWeights;
}

/**
 * An engine whose tokens are sampled by a server, and which does all else itself. The server gets the newest weights when it is first
 * asked for a token after an update.
 */
export class SampledElsewhere<Closure> implements Engine<Closure> {
  readonly model: EngineModel;
  readonly critic?: (from?: string) => Promise<CriticEngine>;
  readonly #engine: Engine<Closure>;
  readonly #link: Link;
  readonly #weights: ServedWeights;
  readonly #release: () => Promise<void>;

  private constructor(engine: Engine<Closure>, link: Link, release: () => Promise<void>) {
    this.#engine = engine;
    this.#link = link;
    this.#release = release;
    this.model = link.model;
    if (engine.critic !== undefined) this.critic = (from) => engine.critic!(from);
    this.#weights = link.serve((folder) => saveNow(engine, folder));
  }

  /** Borrows the engine. */
  static async create<C>(
    engine: Engine<C>,
    { server, folder, name, concurrency = 256 }: SampledElsewhereOptions,
  ): Promise<SampledElsewhere<C>> {
    const place = folder ?? (await mkdtemp(join(tmpdir(), "retool-sampler-")));
    const prefix = name ?? `retool-${crypto.randomUUID().slice(0, 8)}`;
    const served: ServedWeights[] = [];
    const link: Link = {
      server,
      gate: new Gate(concurrency),
      stopIds: new StopIds(),
      model: { ...engine.model, cacheBytesPerToken: 0 },
      serve(save) {
        const weights = new ServedWeights({ server, folder: place, name: `${prefix}-${served.length}`, save });
        served.push(weights);
        return weights;
      },
    };
    return new SampledElsewhere(engine, link, async () => {
      for (const weights of served) await weights.release();
      if (folder === undefined) await rm(place, { recursive: true, force: true });
    });
  }

  async sampler(options: SamplerOptions): Promise<EngineSampler> {
    return servedSampler(this.#link, () => this.#weights.newest(), options);
  }

  logProbs(rows: readonly TrainingRow[], options?: ScoringOptions): Promise<Float32Array[]> {
    return this.#engine.logProbs(rows, options);
  }

  forwardBackward(
    rows: readonly TrainingRow[],
    loss: LossSpec | Closure,
    options?: ForwardBackwardOptions,
  ): Promise<ForwardBackwardResult> {
    return this.#engine.forwardBackward(rows, loss, options);
  }

  measure(rows: readonly TrainingRow[], loss: LossSpec | Closure, options?: ForwardBackwardOptions): Promise<ForwardBackwardResult> {
    return this.#engine.measure(rows, loss, options);
  }

  async optimStep(options: OptimStepOptions): Promise<OptimStepResult> {
    const result = await this.#engine.optimStep(options);
    this.#weights.changed();
    return result;
  }

  resetOptimizer(): Promise<void> {
    return this.#engine.resetOptimizer();
  }

  saveState(folder: string): Promise<void> {
    return this.#engine.saveState(folder);
  }

  async loadState(folder: string, options?: LoadStateOptions): Promise<void> {
    await this.#engine.loadState(folder, options);
    this.#weights.changed();
  }

  weightsDigest(): Promise<string> {
    return this.#engine.weightsDigest();
  }

  async snapshot(): Promise<Snapshot> {
    return frozen(this.#link, await this.#engine.snapshot());
  }

  async loadSnapshot(folder: string): Promise<Snapshot> {
    return frozen(this.#link, await this.#engine.loadSnapshot(folder));
  }

  /** The newest weights, on the server until the next update. */
  async share(): Promise<SharedWeights> {
    return { ...(await this.#weights.newest()) };
  }

  /** Takes the weights off the server and its folder away; the engine is the caller's. */
  close(): Promise<void> {
    return this.#release();
  }
}

async function saveNow<C>(engine: Engine<C>, folder: string): Promise<void> {
  const snapshot = await engine.snapshot();
  try {
    await snapshot.save(folder);
  } finally {
    snapshot.dispose();
  }
}

function frozen(link: Link, inner: Snapshot): Snapshot {
  let weights: ServedWeights | undefined;
  const own = () => {
    if (link.server.holdsOne) {
      throw new RetoolError(
        "SAMPLER",
        `${link.server.title} holds one set of weights: older ones cannot sample beside the newest; use offPolicySteps 0`,
      );
    }
    return (weights ??= link.serve((folder) => inner.save(folder)));
  };
  return {
    model: link.model,
    async sampler(options) {
      const served = own();
      return servedSampler(link, () => served.newest(), options);
    },
    share: async () => ({ ...(await own().newest()) }),
    logProbs: (rows, options) => inner.logProbs(rows, options),
    weightsDigest: () => inner.weightsDigest(),
    async refresh() {
      await inner.refresh();
      weights?.changed();
    },
    save: (folder) => inner.save(folder),
    dispose() {
      void weights?.release();
      inner.dispose();
    },
  };
}
