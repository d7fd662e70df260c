/** Exports of both entries, for Node and for browsers. */
export { escapeTags } from "./escape-tags.js";
export { DEFAULT_LIMITS, resolveLimits, type Limits } from "./limits.js";
export {
  type ExecutionReport,
  type ExecutionResult,
  type ExecutionStatus,
  type GuestError,
  type RunOptions,
  type Sandbox,
  type SandboxStats,
  type Session,
  type SessionOptions,
  type TurnOptions,
  type Usage,
} from "./sandbox.js";
