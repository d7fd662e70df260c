import type { Snapshot } from "@retool-ts/engine";
import { join } from "../join.js";
import { newestCheckpoint, type Saveable, type TrainContext } from "../train-context.js";
import type { RlState } from "../train-state.js";
import { collectRollouts, type CollectRequest, type StepRollouts } from "./collect.js";

/** Source of the rollouts of a step. */
export interface RolloutSource extends Saveable {
  /** The rollouts of the step that the state stands before; undefined when the run is interrupted meanwhile. */
  next(state: RlState): Promise<StepRollouts | undefined>;
  close(): Promise<void>;
}

/** Rollouts by the newest weights, or, with `offPolicySteps`, by those before the last update. */
export async function openRollouts<Closure>(context: TrainContext<Closure>, state: RlState): Promise<RolloutSource> {
  if (context.config.offPolicySteps === 1) return OneStepOffPolicy.open(context, state);
  return {
    next: (at) => unlessAborted(context.signal, collectRollouts(context, context.policy, requestOf(context, at))),
    save: async () => {},
    close: async () => {},
  };
}

/** Result of a promise, whole; nothing once the run is being stopped, also where that made it fail. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T | undefined> {
  try {
    const result = await work;
    return signal?.aborted === true ? undefined : result;
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    throw error;
  }
}

/** Names of a step's random numbers and problems. */
export function requestOf<Closure>(
  { config }: Pick<TrainContext<Closure>, "config">,
  { step, problemsTaken, successRates }: RlState,
): CollectRequest {
  const { promptsPerStep, curriculum } = config;
  return { step, problemsTaken: problemsTaken ?? step * promptsPerStep * (curriculum?.pool ?? 1), ...(successRates && { successRates }) };
}

const STALE = "stale-policy";

/**
 * Samples the next step's rollouts while the current step's update is made, with a copy of the weights before that update. A batch is
 * thus one update behind the policy that learns from it; the first is not. What is sampled depends on that copy alone and never on
 * how the two interleave.
 */
class OneStepOffPolicy<Closure> implements RolloutSource {
  readonly #context: TrainContext<Closure>;
  /** The weights that the pending batch is sampled with. */
  readonly #stale: Snapshot;
  readonly #stop = new AbortController();
  #pending: Promise<StepRollouts>;

  private constructor(context: TrainContext<Closure>, stale: Snapshot, state: RlState) {
    const signal = context.signal === undefined ? this.#stop.signal : AbortSignal.any([context.signal, this.#stop.signal]);
    this.#context = { ...context, signal };
    this.#stale = stale;
    this.#pending = this.#sample(requestOf(context, state));
  }

  /** A resumed run samples its pending batch again, with the weights that the checkpoint keeps for it. */
  static async open<Closure>(context: TrainContext<Closure>, state: RlState): Promise<OneStepOffPolicy<Closure>> {
    const { engine } = context.policy;
    const stale = await (state.step === 0 ? engine.snapshot() : engine.loadSnapshot(join(await newestCheckpoint(context), STALE)));
    return new OneStepOffPolicy(context, stale, state);
  }

  async next(state: RlState): Promise<StepRollouts | undefined> {
    const { config, signal } = this.#context;
    const batch = await unlessAborted(signal, this.#pending);
    if (batch === undefined) return undefined;
    await this.#stale.refresh();
    if (state.step + 1 >= config.steps) return batch;
    const { problemsTaken, successRates } = batch;
    this.#pending = this.#sample({ step: state.step + 1, problemsTaken, ...(successRates && { successRates }) });
    return batch;
  }

  save(folder: string): Promise<void> {
    return this.#stale.save(join(folder, STALE));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#pending.catch(() => {});
    this.#stale.dispose();
  }

  #sample(request: CollectRequest): Promise<StepRollouts> {
    const batch = collectRollouts(this.#context, { ...this.#context.policy, engine: this.#stale }, request);
    batch.catch(() => {}); // whoever awaits it is told; until then it is nobody's
    return batch;
  }
}
