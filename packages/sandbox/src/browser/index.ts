/**
 * The sandbox for browsers: the same QuickJS, limits and results, in Web Workers and without anything of Node.
 *
 * @packageDocumentation
 */
export { escapeTags } from "../escape-tags.js";
export { DEFAULT_LIMITS, resolveLimits, type Limits } from "../limits.js";
export { createSandbox, type BrowserSandboxOptions } from "./create-sandbox.js";
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
} from "../sandbox.js";
