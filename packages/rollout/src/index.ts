/**
 * Rollouts in which a policy's text is interleaved with real tool calls, token by token.
 *
 * @packageDocumentation
 */
export { noiseKeyOf, runAgent, runToolCall, type AgentOptions, type RolloutKey, type ToolCallOptions } from "./agent-loop.js";
export { classifyCode, type PurposeVerdict } from "./analysis/code-purpose.js";
export { CODE_PURPOSES, type CodePurpose } from "./analysis/purpose-vocabulary.js";
export { hasSelfCorrection, selfCorrections, type JudgedCalls, type SelfCorrection } from "./analysis/self-correction.js";
export { codeLines, toolUseMeasures, type AnalyzedRollout, type ByVerdict, type ToolUseMeasures } from "./analysis/tool-use.js";
export { CODE_INTERPRETER, codeInterpreter, type CodeInterpreterOptions } from "./code-interpreter.js";
export { type CodeRunner, type CodeSession, type SessionRunner } from "./code-runner.js";
export { DEFAULT_BUDGETS, truncateMiddle, truncateOutput, type Budgets, type CutSide } from "./budgets.js";
export { breakTags, type CallRequest, type Dialect, type EnvironmentText, type ResultPlace, type TurnAction } from "./dialect.js";
export { hermesDialect, type HermesDialectOptions, type HermesTexts } from "./dialect-hermes.js";
export { xmlDialect, type XmlDialectOptions } from "./dialect-xml.js";
export { extractHermesCalls, type HermesCall, type HermesCalls, type MalformedCall } from "./hermes-calls.js";
export { MemoryJournal } from "./memory-journal.js";
export { mcpTools, type McpClient, type McpToolsOptions } from "./mcp-tools.js";
export { journaledTools } from "./resume-rollout.js";
export {
  type JournalCall,
  type JournalKey,
  type JournalTokens,
  type KeptTurn,
  type RolloutJournal,
  type TurnPlace,
} from "./rollout-journal.js";
export { rolloutBatch, type RolloutBatchOptions, type RolloutPrompt } from "./rollout-batch.js";
export { type TextCodec } from "./text-codec.js";
export { summarizeRollouts, type RolloutOutline, type RolloutSummary, type ToolUse } from "./summary.js";
export {
  defineTool,
  type Tool,
  type ToolContext,
  type ToolDefinition,
  type ToolOutcome,
  type ToolSession,
  type ToolSessionContext,
} from "./tool.js";
export { beginTools, type RolloutTools } from "./tool-sessions.js";
export { cacheToolResults, type ToolCache } from "./tool-cache.js";
export { limitTool, type ToolLimits } from "./tool-limits.js";
export {
  createTrajectory,
  isToolFault,
  modelText,
  responseText,
  STOP_REASONS,
  type Segment,
  type StopReason,
  type ToolCall,
  type ToolStatus,
  type Trajectory,
} from "./trajectory.js";
export { filterVoidTurns, hasVoidTurn } from "./void-turns.js";
export { withListener, type SamplerListener } from "./with-listener.js";
