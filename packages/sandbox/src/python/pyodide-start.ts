import type { WorkCounter } from "../engine/work-counter.js";
import { PyodideClock } from "./pyodide-clock.js";
import type { PyodideGate } from "./pyodide-gate.js";
import { hardenBeforeLoad } from "./pyodide-hardening.js";
import { addWheels, LOAD_OPTIONS, type WorldFiles } from "./pyodide-memory.js";
import { fixRandomBytes, type RandomBytes } from "./pyodide-random.js";
import type { LoadPyodide, Pyodide } from "./pyodide.js";

/** An interpreter that was started from its snapshot, with what stands between it and its process. */
export interface StartedPyodide {
  readonly pyodide: Pyodide;
  readonly clock: PyodideClock;
  readonly random: RandomBytes;
  readonly work: WorkCounter;
  /** Real milliseconds. */
  readonly now: () => number;
}

/** Starts an interpreter behind a gate, the same way whatever is done with it. */
export async function startPyodide(
  loadPyodide: LoadPyodide,
  files: WorldFiles,
  snapshot: Uint8Array,
  gate: PyodideGate,
): Promise<StartedPyodide> {
  const now = performance.now.bind(performance);
  const clock = new PyodideClock();
  clock.install(); // from the first file on: their times lie in the guest's memory
  const random = fixRandomBytes();
  hardenBeforeLoad();
  let work: WorkCounter | undefined;
  gate.install((counter) => (work = counter));
  const pyodide = await loadPyodide({ ...LOAD_OPTIONS, _loadSnapshot: snapshot });
  addWheels(pyodide, files);
  return { pyodide, clock, random, work: work!, now };
}
