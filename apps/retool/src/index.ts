/**
 * The parts of the command line, for programs that train with functions of their own, and that read runs: run folders, their
 * records, and the report.
 *
 * @packageDocumentation
 */
export type { AdvantageFunction, Advantage, AdvantageInputs } from "@retool-ts/train";
export type { PolicyLossFunction, PolicyLossInputs, PolicyLossParts } from "@retool-ts/algorithms";
export { loadConfig, type ConfigSources } from "./config/load-config.js";
export type { PresetName } from "./config/presets.js";
export type { RecipeConfig, RecipeInput } from "./config/recipe-config.js";
export {
  definePlugin,
  type PluggedTool,
  type Plugin,
  type PluginProblems,
  type PluginTool,
  type ProblemRequest,
  type ToolSetting,
} from "./config/plugin.js";
export type { RecipeParts } from "./config/recipe-parts.js";
export type { OwnParts } from "./setup/create-environment.js";
export type { OwnProblems } from "./setup/problem-source.js";
export type { RecipeFunctions } from "./recipe/recipe-context.js";
export type { Agent, AgentRollout, AgentScore, AgentTask } from "@retool-ts/serve";
export { trainAgent, type TrainAgentOptions } from "./recipe/train-agent.js";
export { trainRecipe, type RecipeSettings, type TrainRecipeOptions } from "./recipe/train-recipe.js";
export { createReporter, type Reporter, type ReporterOptions } from "./shell/log.js";
export type { Progress, ProgressStream } from "./shell/progress-bar.js";
