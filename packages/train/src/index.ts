/**
 * Supervised training and reinforcement learning with tools, over any engine.
 *
 * @packageDocumentation
 */
export { configMistakes, valueAt, type ConfigMistake } from "./config-mistakes.js";
export { batchCount, count, fraction, LearningRate, positive, samplingConfig, type SamplingDefaults } from "./config-parts.js";
export { withPartial, type PartialRequest } from "./partial.js";
export { MemoryRecorder, type CheckpointRequest, type OpenJournal, type Recorder } from "./recorder.js";
export { silentReporter, type Progress, type Reporter } from "./reporter.js";
export { type Advantage, type AdvantageFunction, type AdvantageInputs } from "./rl/advantages.js";
export { learningRateAt, type ScheduleOptions } from "./schedule.js";
export { BestOfStream, type BestOfOptions, type StageRollouts } from "./sft/best-of-stream.js";
export { ColdStartStream, stageOffset, type ColdStartOptions, type ColdStartStats } from "./sft/cold-start.js";
export { ConversationStream, type ConversationOptions } from "./sft/conversation-stream.js";
export { encodeConversation, questionOf, type RowEnvironment } from "./sft/encode-conversation.js";
export { readConversation, type Conversation } from "./sft/read-conversation.js";
export { type RowStream } from "./sft/row-stream.js";
export { sft, type SftOptions, type Validation } from "./sft/sft.js";
export { SftConfig, SftStage, type ConversationSource, type RolloutStageSource, type SftConfigInput } from "./sft/sft-config.js";
export { expectedGroupSize, type OwnAdvantage, readTrainConfig, TrainConfig, type TrainConfigInput } from "./train-config.js";
export { saveCheckpoint, type HeldOut, type RunParts, type Saveable } from "./train-context.js";
export { parseState, RL_START, SFT_START, type RlState, type RunState, type SftState } from "./train-state.js";
export { train, type TrainOptions } from "./train.js";
