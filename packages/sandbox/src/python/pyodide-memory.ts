import fs, { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename } from "node:path";
import { PyodideClock } from "./pyodide-clock.js";
import { hardenBeforeLoad } from "./pyodide-hardening.js";
import { fixRandomBytes } from "./pyodide-random.js";
import type { LoadPyodide, Pyodide } from "./pyodide.js";

/** Code that an interpreter has beside its own library. */
export interface WorldFiles {
  /** Python source of the runner and of the seal. */
  readonly runner: string;
  readonly wheels: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Archives of shared libraries that the native wheels need. */
  readonly libraries: readonly string[];
  /** Files of wheels with code for Pyodide. */
  readonly native: readonly string[];
}

/** Options that every interpreter is loaded with. */
export const LOAD_OPTIONS = {
  env: { PYTHONHASHSEED: "0", HOME: "/home/pyodide", _: "/usr/bin/python3", TZ: "UTC", LC_ALL: "C.UTF-8" },
  jsglobals: Object.create(null) as object,
};

/**
 * Loads an interpreter afresh, imports the runner and the wheels' packages, and gives its memory. It is the same on every machine and at
 * every time: how far a guest gets in its memory depends on what lies there.
 */
export async function makeSnapshot(loadPyodide: LoadPyodide, files: WorldFiles): Promise<Uint8Array> {
  hardenBeforeLoad();
  fixRandomBytes();
  new PyodideClock().install();
  const pyodide = await loadPyodide({ ...LOAD_OPTIONS, _makeSnapshot: true });
  addWheels(pyodide, files);
  pyodide.runPython(
    'import sys, types\nmodule = sys.modules["retool_runner"] = types.ModuleType("retool_runner")\n' +
      'def load(source): exec(compile(source, "<runner>", "exec"), module.__dict__)\n',
  );
  (pyodide.globals.get("load") as (source: string) => void)(files.runner);
  pyodide.runPython("import retool_runner\nretool_runner.prepare('/wheels')\ndel load, module");
  return pyodide.makeMemorySnapshot();
}

/** Puts wheels where the interpreter imports from. */
export function addWheels({ FS: files }: Pyodide, { wheels }: WorldFiles): void {
  files.mkdirTree("/wheels");
  for (const { name, bytes } of wheels) files.writeFile(`/wheels/${name}`, bytes, { canOwn: true });
}

/** Where the linker looks for what a module needs. */
const LIBRARIES = "/usr/lib";

/** Unpacks native wheels and imports all that they hold: a sealed world can load no more code. */
export async function loadNative(pyodide: Pyodide, { libraries, native }: WorldFiles): Promise<void> {
  if (native.length === 0) return;
  pyodide.FS.mkdirTree(LIBRARIES);
  for (const file of libraries) pyodide.unpackArchive(new Uint8Array(readFileSync(file)), "zip", { extractDir: LIBRARIES });
  const errors: string[] = [];
  const options = { messageCallback: () => undefined, errorCallback: (message: string) => errors.push(message), checkIntegrity: false };
  for (const file of native) {
    const name = `/wheels/${basename(file)}`; // it lies in the guest's memory and files
    const loaded = await readingAs(name, file, () => pyodide.loadPackage(name, options));
    if (loaded.length === 0 || errors.length > 0) throw new Error(`Pyodide cannot load ${file}: ${errors.join("; ")}`);
  }
  pyodide.runPython("import retool_runner\nretool_runner.import_installed()");
}

/** Lets Pyodide find a file under another name while it loads it. */
async function readingAs<T>(name: string, file: string, load: () => Promise<T>): Promise<T> {
  const { readFile } = fs.promises;
  const read = async (path: unknown): Promise<Buffer> => {
    if (path !== name) throw new Error(`${String(path)} is not to be read`);
    return Promise.resolve(readFileSync(file));
  };
  const put = (one: typeof readFile): void => {
    fs.promises.readFile = one;
    syncBuiltinESMExports();
  };
  put(read as typeof readFile);
  try {
    return await load();
  } finally {
    put(readFile);
  }
}
