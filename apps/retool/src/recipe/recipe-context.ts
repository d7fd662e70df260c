import type { PolicyLossFunction } from "@retool-ts/algorithms";
import type { GradedRollout } from "@retool-ts/evaluate";
import type { RunFolder } from "@retool-ts/runs";
import type { AdvantageFunction } from "@retool-ts/train";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { OwnParts, RecipeEnvironment } from "../setup/create-environment.js";
import type { RunModel } from "../setup/run-model.js";
import type { OwnProblems, RecipeProblems } from "../setup/problem-source.js";
import type { Reporter } from "../shell/log.js";

/** Functions and tools of one's own, in place of those that the config names. */
export interface RecipeFunctions extends OwnParts {
  /** Instead of `train.advantage`. With `train.advantage: gae` it is given a critic's values as well. */
  readonly advantage?: AdvantageFunction;
  /** Instead of `train.loss`; corrections, KL penalty, entropy bonus and aggregation stay with the config. */
  readonly loss?: PolicyLossFunction;
  /** Instead of `data`. */
  readonly problems?: OwnProblems;
}

/** Everything that a recipe works with. */
export interface RecipeContext {
  readonly config: RecipeConfig;
  readonly model: RunModel;
  readonly environment: RecipeEnvironment;
  readonly problems: RecipeProblems;
  /** Recorded rollouts to learn from, where the config names some. */
  readonly rollouts?: readonly (readonly GradedRollout[])[];
  readonly run: RunFolder;
  readonly reporter: Reporter;
  readonly functions: RecipeFunctions;
  readonly signal: AbortSignal;
}
