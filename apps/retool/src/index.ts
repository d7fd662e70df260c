/**
 * What the command line is made of, for programs that train with functions of their own, and that read runs: run folders, their
 * records, and the report.
 *
 * @packageDocumentation
 */
export type { LogRecord } from "./record-log.js";
export { RecordSample, type RecordPair } from "./report/record-sample.js";
export { renderReport } from "./report/render-report.js";
export { loadRunData, type RunData } from "./report/run-data.js";
export { blocksOf, type Block, type BlockKind } from "./rollout-blocks.js";
export { createRunFolder, openRunFolder, type RunFolderOptions } from "./open-run-folder.js";
export { RunFolder } from "./run-folder.js";
export type { Checkpoint } from "./step-folders.js";
export type { GroupAccuracy, PhaseSummary, Summary } from "./summary.js";
export { readTrajectories } from "./trajectory-file.js";
export type { RecordedCall, RecordedSegment, TrajectoryRecord } from "./trajectory-record.js";
export { toRecord, type RecordSource } from "./trajectory-record.js";
export type { Advantage, AdvantageFunction, AdvantageInputs } from "./rl/advantages.js";
export type { RecipeExtensions } from "./rl/extensions.js";
export type { PolicyLoss, PolicyLossFunction, PolicyLossInputs } from "./rl/objective.js";
export type { RecipeParts } from "./recipe.js";
export type { RecipeInput } from "./recipe-config.js";
export { trainRecipe, type RecipeSettings, type TrainRecipeOptions } from "./train-recipe.js";
