import type { GradedRollout } from "@retool-ts/evaluate";
import type { RunState } from "@retool-ts/train";
import { evaluatePhase } from "./phases.js";
import type { RecipeContext } from "./recipe-context.js";
import { runRl, runSft, saveState } from "./stages.js";
import type { RecipeParts } from "../config/recipe-parts.js";

/** Tells the caller where the recipe stands. */
export interface RecipeHooks {
  readonly onSftBegin?: () => void;
  readonly onColdStart?: (groups: readonly (readonly GradedRollout[])[], step: number) => void;
  readonly onRlBegin?: () => void;
  readonly onFinal?: (groups: readonly (readonly GradedRollout[])[], step: number) => void;
}

/** Cold start, evaluation, reinforcement learning, evaluation; goes on from any state. */
export async function runRecipe(context: RecipeContext, from: RunState, parts: RecipeParts, hooks: RecipeHooks = {}): Promise<RunState> {
  const { run, problems } = context;
  let state = from;
  if (state.phase === "sft" && parts.sft) {
    hooks.onSftBegin?.();
    const done = await runSft(context, state);
    await context.model.engine.resetOptimizer();
    state = { phase: "rl", totalSteps: done.totalSteps, step: 0 };
    await saveState(context, state);
  }
  if (state.phase === "sft") state = { phase: "rl", totalSteps: state.totalSteps, step: 0 };
  if (state.step === 0 && run.readSummary()?.phases["coldStart"] === undefined) {
    const groups = await evaluatePhase(context, "coldStart", problems.test, state.totalSteps);
    hooks.onColdStart?.(groups, state.totalSteps);
  }
  if (!parts.rl) return state;
  if (state.step >= context.config.train.steps && run.readSummary()?.phases["final"] !== undefined) return state; // all is done, and measured
  hooks.onRlBegin?.();
  state = await runRl(context, state);
  const groups = await evaluatePhase(context, "final", problems.test, state.totalSteps);
  hooks.onFinal?.(groups, state.totalSteps);
  return state;
}
