import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { resolveLimits } from "../limits.js";
import { assertWorkers, checkedSeed } from "../run-arguments.js";
import type { Sandbox, SandboxOptions } from "../sandbox.js";
import { workerFolder } from "../worker-files.js";
import { unavailable, type BackendAvailability, type PythonBackend, type PythonOptions } from "./backend.js";
import { bwrapAvailability, bwrapBackend } from "./bwrap-backend.js";
import { pythonFolder } from "./data-folder.js";
import { pyodideAvailability, pyodideBackend } from "./pyodide-backend.js";
import { PYTHON_LIMITS } from "./python-limits.js";
import { PythonSandbox } from "./python-sandbox.js";
import { SupervisedInterpreters } from "./supervised-interpreters.js";
import { checkedLibraries, checkedWheels } from "./stored-wheels.js";
import { checkWheel, isNativeWheel } from "./wheel.js";

/** The backends in the order of preference: those that can be used here, and the reasons against others. */
export function pythonBackends(): BackendAvailability[] {
  return [pyodideAvailability(), bwrapAvailability()];
}

/** Makes a sandbox for Python; see `createSandbox`. */
export async function createPythonSandbox(options: SandboxOptions, python: PythonOptions = {}): Promise<Sandbox> {
  const { workers = 1, seed = 0 } = options;
  assertWorkers(workers, availableParallelism());
  const limits = resolveLimits(options.limits, PYTHON_LIMITS);
  const firstSeed = checkedSeed(seed);
  const backend = await readyBackend(python);
  const files = await workerFolder();
  const pool = new SupervisedInterpreters(new URL("python-supervisor.js", files), { backend, workers, memoryBytes: limits.memoryBytes });
  await pool.start();
  return new PythonSandbox(pool, { workers, seed: firstSeed, limits, fingerprint: backend.fingerprint });
}

async function readyBackend({ backend, interpreter, wheels = [], folder }: PythonOptions): Promise<PythonBackend> {
  const data = pythonFolder(folder);
  const given = wheels.map((file) => resolve(file));
  for (const file of given) checkWheel(file);
  const all = [...checkedWheels(data), ...given];
  const files = await workerFolder();
  switch (chosen(backend ?? (interpreter === undefined ? undefined : "bwrap"), interpreter)) {
    case "pyodide":
      if (interpreter !== undefined) throw unavailable("bwrap", "python.interpreter needs it, and python.backend is pyodide");
      return pyodideBackend(files, { wheels: all, libraries: checkedLibraries(data) }, data);
    case "bwrap":
      return bwrapBackend(
        files,
        all.filter((file) => !isNativeWheel(file)),
        data,
        interpreter === undefined ? undefined : resolve(interpreter),
      );
  }
}

function chosen(wanted: PythonOptions["backend"], interpreter: string | undefined): NonNullable<PythonOptions["backend"]> {
  const file = interpreter === undefined ? undefined : resolve(interpreter);
  const looked = wanted === "bwrap" ? [bwrapAvailability(file)] : wanted === "pyodide" ? [pyodideAvailability()] : pythonBackends();
  const usable = looked.find(({ isAvailable }) => isAvailable);
  if (usable !== undefined) return usable.name;
  throw unavailable(
    wanted ?? "pyodide or bwrap",
    looked.map((one) => (one.isAvailable ? "" : looked.length > 1 ? `${one.name}: ${one.reason}` : one.reason)).join("; "),
  );
}
