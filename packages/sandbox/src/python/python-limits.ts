import { DEFAULT_LIMITS, type Limits } from "../limits.js";

/**
 * The defaults of Python's sandboxes. `memoryBytes` counts what the code adds to the interpreter's own memory. Under Pyodide
 * `fuel` counts as in JavaScript; under bubblewrap it is not counted. `stackBytes` does not apply: Python has a recursion limit.
 * `graceMs` leaves a process time to end within half a second after `wallMs`.
 */
export const PYTHON_LIMITS: Limits = { ...DEFAULT_LIMITS, wallMs: 10_000, graceMs: 350, memoryBytes: 256 * 2 ** 20 };
