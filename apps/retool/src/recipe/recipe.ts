import { evaluatePhase } from "./phases.js";
import { heldOutProblems } from "../setup/problem-source.js";
import { runRl } from "@retool-ts/train";
import { runSft } from "@retool-ts/train";
import { saveCheckpoint, type RunContext } from "@retool-ts/train";
import type { RunState } from "@retool-ts/train";
import type { GradedRollout } from "@retool-ts/evaluate";

/** Which parts of the recipe a command runs. */
export interface RecipeParts {
  readonly sft: boolean;
  readonly rl: boolean;
}

/** Tells the caller where the recipe stands. */
export interface RecipeHooks {
  readonly onSftBegin?: () => void;
  readonly onColdStart?: (groups: readonly (readonly GradedRollout[])[], step: number) => void;
  readonly onRlBegin?: () => void;
  readonly onFinal?: (groups: readonly (readonly GradedRollout[])[], step: number) => void;
}

/** Cold start, evaluation, reinforcement learning, evaluation; goes on from any state. */
export async function runRecipe(context: RunContext, from: RunState, parts: RecipeParts, hooks: RecipeHooks = {}): Promise<RunState> {
  const { config, run } = context;
  const problems = await heldOutProblems(config.data.test, config.eval.problems);
  let state = from;
  if (state.phase === "sft" && parts.sft) {
    hooks.onSftBegin?.();
    const done = await runSft(context, state);
    context.model.engine.optimizer.reset();
    state = { phase: "rl", totalSteps: done.totalSteps, step: 0 };
    await saveCheckpoint(context, state);
  }
  if (state.phase === "sft") state = { phase: "rl", totalSteps: state.totalSteps, step: 0 };
  if (state.step === 0 && run.readSummary()?.phases["coldStart"] === undefined) {
    const groups = await evaluatePhase(context, "coldStart", problems, state.totalSteps);
    hooks.onColdStart?.(groups, state.totalSteps);
  }
  if (!parts.rl) return state;
  hooks.onRlBegin?.();
  state = await runRl(context, state);
  const groups = await evaluatePhase(context, "final", problems, state.totalSteps);
  hooks.onFinal?.(groups, state.totalSteps);
  return state;
}
