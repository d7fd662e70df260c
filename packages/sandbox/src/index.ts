/**
 * Runs model-written JavaScript and Python with hard CPU, memory, stack and output limits.
 *
 * @packageDocumentation
 */
export * from "./common-exports.js";
export { sandboxFusionClient, type SandboxFusionClientOptions } from "./fusion/fusion-client.js";
export { fusionSandbox, type FusionSandboxOptions } from "./fusion/fusion-sandbox.js";
export { serveSandboxFusion, type SandboxFusionServer, type SandboxFusionServerOptions } from "./fusion/fusion-server.js";
export { type PreloadName } from "./libraries.js";
export { createSandbox, type CreateSandboxOptions } from "./create-sandbox.js";
export { type BackendAvailability, type PythonBackendName, type PythonOptions } from "./python/backend.js";
export { pythonBackends } from "./python/create-python-sandbox.js";
export { pythonFolder } from "./python/data-folder.js";
export { PYTHON_LIMITS } from "./python/python-limits.js";
export { installPackages, type InstalledPackage, type InstallOptions, type InstallProgress } from "./python/install-packages.js";
export { addWheels } from "./python/stored-wheels.js";
export { type WheelInfo } from "./python/wheel.js";
export { type SandboxOptions } from "./sandbox.js";
