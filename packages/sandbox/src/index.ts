/**
 * Runs model-written JavaScript and Python with hard CPU, memory, stack and output limits.
 *
 * @packageDocumentation
 */
export { escapeTags } from "./escape-tags.js";
export { sandboxFusionClient, type SandboxFusionClientOptions } from "./fusion-client.js";
export { serveSandboxFusion, type SandboxFusionServer, type SandboxFusionServerOptions } from "./fusion-server.js";
export { DEFAULT_LIMITS, resolveLimits, type Limits } from "./limits.js";
export { type PreloadName } from "./libraries.js";
export { createSandbox, type CreateSandboxOptions } from "./create-sandbox.js";
export { type BackendAvailability, type PythonBackendName, type PythonOptions } from "./python/backend.js";
export { pythonBackends } from "./python/create-python-sandbox.js";
export { pythonFolder } from "./python/data-folder.js";
export { PYTHON_LIMITS } from "./python/python-limits.js";
export { addWheels, type WheelInfo } from "./python/wheel.js";
export {
  type ExecutionReport,
  type ExecutionResult,
  type ExecutionStatus,
  type GuestError,
  type RunOptions,
  type Sandbox,
  type SandboxOptions,
  type SandboxStats,
  type Session,
  type SessionOptions,
  type TurnOptions,
  type Usage,
} from "./sandbox.js";
