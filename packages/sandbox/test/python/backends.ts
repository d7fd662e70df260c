import { fileURLToPath } from "node:url";
import { pythonBackends, type PythonBackendName, type PythonOptions } from "../../src/index.js";

/** Data folder of the tests: memory snapshots are made once. */
export const FOLDER = fileURLToPath(new URL("../../node_modules/.cache/python", import.meta.url));

/** The backends that can be tested here. What is absent is said once, and its tests are skipped. */
export const BACKENDS: readonly PythonBackendName[] = pythonBackends().flatMap((backend) => {
  if (backend.isAvailable) return [backend.name];
  console.warn(`skipped: the tests of ${backend.name}, which is unavailable, because ${backend.reason}`);
  return [];
});

export const python = (backend: PythonBackendName, more: PythonOptions = {}): { language: "python"; python: PythonOptions } => ({
  language: "python",
  python: { backend, folder: FOLDER, ...more },
});
