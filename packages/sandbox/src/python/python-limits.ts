import { DEFAULT_LIMITS, type Limits } from "../limits.js";

/**
 * The defaults of Python's sandboxes. `memoryBytes` counts what the code adds to the interpreter's own memory. Under Pyodide
 * `fuel` counts as in JavaScript; under bubblewrap it counts lines and calls. `stackBytes` does not apply: Python has a recursion limit.
 */
export const PYTHON_LIMITS: Limits = { ...DEFAULT_LIMITS, graceMs: 350, memoryBytes: 256 * 2 ** 20 };
