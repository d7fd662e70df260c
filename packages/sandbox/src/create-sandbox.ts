import type { PythonOptions } from "./python/backend.js";
import { createSandbox as createJavaScriptSandbox } from "./quickjs-sandbox.js";
import type { Sandbox, SandboxOptions } from "./sandbox.js";

/** Options of {@link createSandbox}. */
export interface CreateSandboxOptions extends SandboxOptions {
  /** Language of the code, `"javascript"` by default. */
  readonly language?: "javascript" | "python";
  /** Backend, wheels and folder of Python; for `language: "python"` only. */
  readonly python?: PythonOptions;
}

/**
 * Makes a sandbox. JavaScript runs in QuickJS, compiled to WebAssembly, inside worker threads; Python runs in Pyodide or in CPython
 * under bubblewrap, in processes of their own. A supervisor's thread ends what overstays. It resolves when the first worker can run
 * code. Workers that have nothing to do do not keep the process alive.
 *
 * @throws InputError when an option is out of range, or when the backend is unavailable, with the reason.
 */
export async function createSandbox(options: CreateSandboxOptions = {}): Promise<Sandbox> {
  const { language = "javascript", python, ...rest } = options;
  if (language === "javascript") return createJavaScriptSandbox(rest);
  const { createPythonSandbox } = await import("./python/create-python-sandbox.js");
  return createPythonSandbox(rest, python);
}
