/**
 * Supervised training and reinforcement learning with tools, over any {@link Engine}.
 *
 * @packageDocumentation
 */
export { count, crowd, LearningRate, positive, Sampling, share } from "./config-parts.js";
export { partialPath, removePartial } from "./partial/partial-files.js";
export { withPartial } from "./partial/partial-rollouts.js";
export { type Advantage, type AdvantageFunction, type AdvantageInputs } from "./rl/advantages.js";
export { type RecipeExtensions } from "./rl/extensions.js";
export { ColdStartStream, stageOffset } from "./sft/cold-start.js";
export { runSft, SFT_START } from "./sft/sft.js";
export { TrainConfig } from "./train-config.js";
export { restoreOptimizer, type RunContext, saveCheckpoint } from "./train-context.js";
export { readState, type RunState } from "./train-state.js";
export { runRl } from "./train.js";
