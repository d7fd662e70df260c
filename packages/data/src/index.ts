/**
 * Tokenizers, chat templates, datasets and batching for reinforcement learning of tool-using language models. What reads files is in
 * `@retool-ts/data/node`.
 *
 * @packageDocumentation
 */
export { beginningIds } from "./beginning.js";
export { trainBpe, type TrainBpeOptions } from "./bpe-trainer.js";
export { renderChat, type ChatMessage, type ChatToolCall, type RenderChatOptions, type ToolSchema } from "./chat-template.js";
export { chatTemplateOf, templateVariables } from "./chat-template-source.js";
export { type ColumnPath, type Columns, type DatasetRow } from "./columns.js";
export { conversationCalls, conversationSegments, hermesCallText } from "./conversation.js";
export { conversationFault, type ConversationFault, type ConversationFaultOptions } from "./conversation-fault.js";
export { DataLoader, type DataBatch, type DataLoaderOptions, type DataLoaderState } from "./data-loader.js";
export { encodeSegments, type EncodedExample, type EncodeSegmentsOptions, type TextSegment, type TokenSpan } from "./encode-example.js";
export { tokenizerFromGguf } from "./gguf-tokenizer.js";
export { jsonlRows, jsonRows } from "./jsonl.js";
export { describeTokenizer, modelTokenizerFromGguf, type ModelTokenizer } from "./model-tokenizer.js";
export { parquetRows } from "./parquet.js";
export { jsonTree, memberOf, pythonJson, type JsonTree } from "./python-json.js";
export { type Problem, type ProblemSource } from "./problem.js";
export { problemList } from "./problem-list.js";
export { problemsFromRows } from "./problem-rows.js";
export { convertReToolRow, type ConversationDialect, type ConvertReToolOptions } from "./retool-sft.js";
export { textLines } from "./text-lines.js";
export { answerEnd } from "./answer-end.js";
export { toolTurnTexts, type ToolTurnOptions, type ToolTurnTexts } from "./tool-turn.js";
export { findOverlap, type Overlap } from "./overlap.js";
export { QWEN_SPLIT, TINY_SPLIT } from "./split-patterns.js";
export { type DecodeOptions, type StreamDecoder } from "./token-decoder.js";
export { createTokenizer, type Tokenizer } from "./tokenizer.js";
export { type TokenizerFiles } from "./tokenizer-files.js";
export { breakSnippet } from "./tasks/break-snippet.js";
export { corpus, type CorpusOptions } from "./tasks/corpus.js";
export { drawByLength, slip, taskInstance, type Mistake, type TaskDraft } from "./tasks/task-family.js";
export { joinSteps } from "./tasks/steps.js";
export { filterProblems } from "./filter-problems.js";
export { mixProblems, type MixedSource } from "./mix-problems.js";
export { multiStepFamilies, namedFamilies, schoolbookFamilies, taskFamilies } from "./tasks/families.js";
export { mixtureOf, mixtures, pickTraceKind, type MixtureName, type TraceKind, type TraceMixture, TRACE_KINDS } from "./tasks/mixtures.js";
export { type TaskFamily, type TaskInstance, type TaskLevel, type Ways, type Wordings } from "./tasks/task-family.js";
export {
  createTaskSource,
  type GeneratedProblem,
  type LevelWeights,
  type TaskSource,
  type TaskSourceOptions,
  type TaskSplit,
} from "./tasks/task-source.js";
export { distinctTestSet, type DistinctSetOptions } from "./tasks/test-set.js";
export { compactTraceFormat, traceText, type TraceFormat, type TraceSegment } from "./tasks/trace-format.js";
export { planTrace, type CallOutcome, type PlannedCall, type TracePlan, type TracePlanOptions } from "./tasks/trace-plan.js";
export { finishTrace, type CallFeedback, type Trace, type TraceResult } from "./tasks/trace.js";
