/**
 * OpenAI's API over a sampler, for any program that speaks it, with rollouts that remember what was sampled token by token.
 *
 * @packageDocumentation
 */
export { type Agent, type AgentRollout, type AgentScore, type AgentTask } from "./agent.js";
export { agentRollouts, type AgentRolloutsOptions } from "./agent-rollouts.js";
export { type ChatContext, type ChatEncoder, type KnownPrefix } from "./chat-encoder.js";
export {
  hermesFormat,
  xmlFormat,
  type ChatFormat,
  type ChatFormatOptions,
  type ParsedCall,
  type ParsedReply,
  type XmlFormatOptions,
} from "./chat-format.js";
export {
  CompletionEngine,
  type GenerationRequest,
  type GenerationStats,
  type RequestFields,
  type ServedModel,
} from "./completion-engine.js";
export { type Conversation, type NoiseKey, type PlannedChat, type PlanRequest } from "./conversation.js";
export { type LogStats } from "./conversation-log.js";
export { RecordedRollout, type RolloutOptions, type RolloutParts, type RolloutStats } from "./recorded-rollout.js";
export { SequencePool, type Lease, type LeaseRequest, type PoolStats } from "./sequence-pool.js";
export { serveOpenAI, type OpenAIServer, type ServeOptions } from "./serve-openai.js";
