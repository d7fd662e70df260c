import { join } from "node:path";
import { FrozenPolicy } from "@retool-ts/policy";
import type { ProblemSource } from "../../../../apps/retool/src/setup/problem-source.js";
import type { RunContext, Saveable } from "../train-context.js";
import type { RlState } from "../train-state.js";
import { collectRollouts, type CollectRequest, type StepRollouts } from "./collect.js";
import { branchPolicy, loadBranch, saveBranch } from "./policy-branch.js";

/** Where the rollouts of a step come from. */
export interface RolloutSource extends Saveable {
  /** The rollouts of the step that the state stands before. */
  next(state: RlState): Promise<StepRollouts>;
  close(): Promise<void>;
}

/** Rollouts by the newest weights, or, with `offPolicySteps`, by those before the last update. */
export async function openRollouts(context: RunContext, problems: ProblemSource, state: RlState): Promise<RolloutSource> {
  if (context.config.train.offPolicySteps === 0) {
    return {
      next: (at) => collectRollouts(context, context.model, problems, requestOf(context, at)),
      save: async () => {},
      close: async () => {},
    };
  }
  return OneStepOffPolicy.open(context, problems, state);
}

/** Names of a step's random numbers and problems. */
export function requestOf({ config }: RunContext, { step, problemsTaken }: RlState): CollectRequest {
  return { step, problemsTaken: problemsTaken ?? step * config.train.promptsPerStep };
}

/**
 * Samples the next step's rollouts while the current step's update is made, with a copy of the weights before that update. A batch is
 * thus one update behind the policy that learns from it; the first is not. What is sampled depends on that copy alone and never on
 * how the two interleave.
 */
class OneStepOffPolicy implements RolloutSource {
  readonly #context: RunContext;
  readonly #problems: ProblemSource;
  /** The weights that the pending batch is sampled with. */
  readonly #behind: FrozenPolicy;
  readonly #stop = new AbortController();
  #pending: Promise<StepRollouts>;

  private constructor(context: RunContext, problems: ProblemSource, behind: FrozenPolicy, state: RlState) {
    const signal = context.signal === undefined ? this.#stop.signal : AbortSignal.any([context.signal, this.#stop.signal]);
    this.#context = { ...context, signal };
    this.#problems = problems;
    this.#behind = behind;
    this.#pending = this.#sample(requestOf(context, state));
  }

  /** A resumed run samples its pending batch again, with the weights that the checkpoint keeps for it. */
  static async open(context: RunContext, problems: ProblemSource, state: RlState): Promise<OneStepOffPolicy> {
    const { model, run, config } = context;
    const { parameters } = model.engine;
    const weights = await (state.step === 0
      ? branchPolicy(parameters)
      : loadBranch(join((await run.latestCheckpoint())!.path, "behind"), parameters));
    return new OneStepOffPolicy(context, problems, new FrozenPolicy(weights, config.optimizer), state);
  }

  async next(state: RlState): Promise<StepRollouts> {
    const { model, config, signal } = this.#context;
    const batch = await this.#pending;
    if (signal?.aborted === true || state.step + 1 >= config.train.steps) return batch;
    await this.#behind.parameters.copyFrom(model.engine.parameters);
    this.#pending = this.#sample({ step: state.step + 1, problemsTaken: batch.problemsTaken });
    return batch;
  }

  save(folder: string): Promise<void> {
    return saveBranch(join(folder, "behind"), this.#behind.parameters);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#pending.catch(() => {});
    this.#behind.dispose();
  }

  #sample(request: CollectRequest): Promise<StepRollouts> {
    const policy = { ...this.#context.model, engine: this.#behind };
    const batch = collectRollouts(this.#context, policy, this.#problems, request);
    batch.catch(() => {}); // whoever awaits it is told; until then it is nobody's
    return batch;
  }
}
