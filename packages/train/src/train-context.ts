import { RetoolError } from "@retool-ts/core";
import type { Problem, ProblemSource } from "@retool-ts/data";
import type { PolicyLossTerms, SamplingParameters, Scorer } from "@retool-ts/engine";
import type { Environment, GradedRollout, PolicyModel } from "@retool-ts/evaluate";
import type { LogRecord } from "@retool-ts/runs";
import type { Recorder } from "./recorder.js";
import type { Reporter } from "./reporter.js";
import type { AdvantageFunction } from "./rl/advantages.js";
import type { TrainConfig } from "./train-config.js";
import type { RunState } from "./train-state.js";

/** Held-out problems, and how they are rolled out along the run. */
export interface HeldOut {
  readonly problems: readonly Problem[];
  /** Rollouts per problem; default 1. */
  readonly samples?: number;
  /** Default: temperature 1, top-p 0.7. */
  readonly sampling?: SamplingParameters;
}

/** Things that all parts of a run share. */
export interface RunParts<Closure = never> {
  readonly policy: PolicyModel<Closure>;
  readonly environment: Environment;
  readonly seed: number;
  readonly recorder: Recorder;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** Called after each step; the next one waits for a promise that it returns, so that the policy can be used in between. */
  readonly onMetrics?: ((record: LogRecord) => unknown) | undefined;
}

/** Things that all parts of reinforcement learning share. */
export interface TrainContext<Closure = never> extends RunParts<Closure> {
  readonly config: TrainConfig;
  readonly problems: ProblemSource;
  readonly heldOut?: HeldOut | undefined;
  /** The frozen policy of a KL penalty; default: the policy that the run begins with. */
  readonly reference?: Scorer | undefined;
  /** Instead of what the config names. */
  readonly advantage?: AdvantageFunction | undefined;
  readonly loss?: ((terms: PolicyLossTerms) => Closure) | undefined;
  /** Groups of recorded rollouts that take the place of new ones. */
  readonly rollouts?: readonly (readonly GradedRollout[])[] | undefined;
  readonly onRollouts?: ((rollouts: readonly GradedRollout[], step: number) => void) | undefined;
}

/** Something beside the policy that a checkpoint keeps. */
export interface Saveable {
  save(folder: string): Promise<void>;
}

/** Writes a checkpoint, if the run keeps any. */
export async function saveCheckpoint<Closure>(
  { policy, recorder }: Pick<RunParts<Closure>, "policy" | "recorder">,
  { keepCheckpoints }: Pick<TrainConfig, "keepCheckpoints">,
  state: RunState,
  others: readonly Saveable[] = [],
): Promise<void> {
  const best = state.phase === "rl" ? state.best : undefined;
  const request = {
    step: state.totalSteps,
    state,
    keep: keepCheckpoints,
    best,
    keepsJournal: (name: string) => isOfLaterStep(name, state),
  };
  await recorder.saveCheckpoint?.(request, async (folder) => {
    await (policy.save ?? ((path: string) => policy.engine.saveState(path)))(folder);
    for (const other of others) await other.save(folder);
  });
}

/** The newest checkpoint of a run that goes on. */
export async function newestCheckpoint({ recorder }: Pick<RunParts, "recorder">): Promise<string> {
  const checkpoint = await recorder.latestCheckpoint?.();
  if (checkpoint === undefined) throw new RetoolError("RESUME", "from: a run that goes on needs a recorder with its newest checkpoint");
  return checkpoint.path;
}

/** Name of the journal of a step's rollouts; steps below 0 are those of the critic's pretraining, as in `CollectRequest`. */
export function journalName(step: number): string {
  return step >= 0 ? `rl-${padded(step)}` : `critic-${padded(-1 - step)}`;
}

function isOfLaterStep(name: string, state: RunState): boolean {
  const [, kind, step] = /^(rl|critic)-(\d+)/.exec(name) ?? [];
  if (state.phase === "sft" || kind === undefined) return false;
  return Number(step) >= (kind === "rl" ? state.step : (state.criticSteps ?? 0));
}

function padded(step: number): string {
  return String(step).padStart(6, "0");
}

/** Learning rate options of a stage or of RL, with its length filled in. */
export function scheduleOf(rate: TrainConfig["learningRate"], steps: number) {
  const { peak, kind, warmupSteps, floor, decaySteps } = rate;
  return { peak, kind, warmupSteps, floor, totalSteps: decaySteps ?? steps };
}
