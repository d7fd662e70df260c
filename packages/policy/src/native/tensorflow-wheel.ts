import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { lastLineAsJson, lastLines, runProgram } from "./run-program.js";

/** A TensorFlow that pip installed. */
export interface TensorFlowWheel {
  /** Version of the package. */
  readonly version: string;
  /** Folder of the Python package, with the libraries. */
  readonly folder: string;
  /** The library with the C API. */
  readonly library: string;
  readonly framework: string;
  /** C headers. */
  readonly include: string;
}

/** Finds the package without importing it, which would take seconds. */
const PROBE = `
import importlib.metadata, importlib.util, json
spec = importlib.util.find_spec("tensorflow")
def version():
    for name in ("tensorflow", "tensorflow-cpu", "tensorflow-rocm"):
        try: return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError: pass
    return "unknown"
print(json.dumps({"folder": list(spec.submodule_search_locations)[0], "version": version()} if spec and spec.submodule_search_locations else None))
`;
const Answer = z.object({ folder: z.string(), version: z.string() }).nullable();

/**
 * Asks a Python for its TensorFlow.
 *
 * @param python - a program, such as `.venv/bin/python`
 * @throws InputError when it does not run, has no TensorFlow, or one without the library with the C API or its headers
 */
export async function findTensorFlow(python: string): Promise<TensorFlowWheel> {
  const { code, stdout, stderr } = await runProgram(python, ["-c", PROBE]);
  const problem = { what: "native install", where: `--from-tensorflow ${python}` };
  const answer = code === 0 ? Answer.safeParse(lastLineAsJson(stdout)) : undefined;
  if (answer?.success !== true) {
    const found = lastLines(code === 0 ? stdout : stderr, 1);
    throw new InputError({ ...problem, expected: "a Python 3", found, fix: "give the path of a Python program, such as .venv/bin/python" });
  }
  const fix = `run \`${python} -m pip install tensorflow-cpu\` (tensorflow[and-cuda] for a GPU)`;
  if (answer.data === null)
    throw new InputError({ ...problem, expected: "a Python with TensorFlow", found: "no package tensorflow in it", fix });
  const found = answer.data;
  const wheel = {
    ...found,
    library: join(found.folder, "libtensorflow_cc.so.2"),
    framework: join(found.folder, "libtensorflow_framework.so.2"),
    include: join(found.folder, "include"),
  };
  const needed = [wheel.library, wheel.framework, ...HEADERS.map((header) => join(wheel.include, header))];
  const missing = needed.find((path) => !existsSync(path));
  if (missing !== undefined) {
    throw new InputError({
      ...problem,
      expected: "a TensorFlow wheel for Linux with its C library and headers (2.21 is known to work)",
      found: `TensorFlow ${found.version} without ${missing}`,
      fix,
    });
  }
  return wheel;
}

const HEADERS = ["tensorflow/c/c_api.h", "tensorflow/c/eager/c_api.h"];
