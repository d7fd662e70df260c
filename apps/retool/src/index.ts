/**
 * What the command line is made of, for programs that train with functions of their own, and that read runs: run folders, their
 * records, and the report.
 *
 * @packageDocumentation
 */
export type { LogRecord } from "@retool-ts/runs";
export { RecordSample, type RecordPair } from "@retool-ts/report";
export { renderReport } from "@retool-ts/report";
export { loadRunData, type RunData } from "@retool-ts/report";
export { blocksOf, type Block, type BlockKind } from "@retool-ts/runs";
export { createRunFolder, openRunFolder, type RunFolderOptions } from "@retool-ts/runs";
export { RunFolder } from "@retool-ts/runs";
export type { Checkpoint } from "@retool-ts/runs";
export type { GroupAccuracy, PhaseSummary, Summary } from "@retool-ts/runs";
export { readTrajectories } from "@retool-ts/runs";
export type { RecordedCall, RecordedSegment, TrajectoryRecord } from "@retool-ts/runs";
export { toRecord, type RecordSource } from "@retool-ts/runs";
export type { Advantage, AdvantageFunction, AdvantageInputs } from "@retool-ts/train";
export type { RecipeExtensions } from "@retool-ts/train";
export type { PolicyLoss, PolicyLossFunction, PolicyLossInputs } from "@retool-ts/algorithms";
export type { RecipeParts } from "./recipe/recipe.js";
export type { RecipeInput } from "./config/recipe-config.js";
export { trainRecipe, type RecipeSettings, type TrainRecipeOptions } from "./recipe/train-recipe.js";
