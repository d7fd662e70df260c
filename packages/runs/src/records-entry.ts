/**
 * Rollouts as they are kept and read, without files: what runs in a browser as well.
 *
 * @packageDocumentation
 */
export { type Block, type BlockKind, blocksOf } from "./rollout-blocks.js";
export { type RecordedCall, type RecordedSegment, type RecordSource, toRecord, type TrajectoryRecord } from "./trajectory-record.js";
export { visibleText } from "./visible-text.js";
