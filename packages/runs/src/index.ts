/**
 * The folder of a training run: records, trajectories, checkpoints and journals.
 *
 * @packageDocumentation
 */
export { writeFileAtomic } from "./atomic-write.js";
export { isFolderInUse, withFolderLock } from "./folder-lock.js";
export { FileJournal, type JournalNotice } from "./journal/file-journal.js";
export { createRunFolder, openRunFolder, type RunFolderOptions } from "./open-run-folder.js";
export { decodeRecord, type LogRecord, RecordLog } from "./record-log.js";
export { type Block, type BlockKind, blocksOf } from "./rollout-blocks.js";
export { type KeptCheckpoint, RunFolder } from "./run-folder.js";
export { type Checkpoint, stepName } from "./step-folders.js";
export { type GroupAccuracy, type PhaseSummary, type Summary } from "./summary.js";
export { stepOfEvent } from "./tensorboard/event.js";
export { checkTrajectory } from "./check-record.js";
export { readTrajectories } from "./trajectory-file.js";
export { recordedProblem, recordedReward, recordedTrajectory } from "./replay.js";
export {
  type RecordedCall,
  type RecordedSegment,
  type RecordedTokens,
  type RecordLabel,
  type RecordSource,
  toRecord,
  type TrajectoryRecord,
} from "./trajectory-record.js";
export { visibleText } from "./visible-text.js";
