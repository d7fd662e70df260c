import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { spawn } from "node:child_process";
import { RetoolError } from "@retool-ts/core";
import type { BackendAvailability, Launch, PythonBackend } from "./backend.js";
import { keptFile } from "./kept-files.js";
import { LOAD_OPTIONS } from "./pyodide-memory.js";
import { MAKE_IMAGE, type PyodideSetup } from "./pyodide-setup.js";
import { sha256Of } from "./stored-wheels.js";
import { isNativeWheel } from "./wheel.js";

/** Versions whose private parts are as this package expects them. */
const VERSIONS = /^0\.29\./;
const WANTED = "pyodide@~0.29.4";

/** Memory snapshots and images of native packages that are kept; older ones are removed. */
const KEPT_SNAPSHOTS = 3;
const KEPT_IMAGES = 2;

interface Found {
  readonly folder: string;
  readonly version: string;
}

/** Tells whether Pyodide is installed beside this package, in a version that it knows. */
export function pyodideAvailability(): BackendAvailability {
  const found = find();
  if (typeof found === "string") return { name: "pyodide", isAvailable: false, reason: found };
  return { name: "pyodide", isAvailable: true, detail: `Pyodide ${found.version}` };
}

/**
 * The distribution that the installed Pyodide belongs to: its lock file, and the address where its packages are public.
 *
 * @throws RetoolError when Pyodide is not installed.
 */
export function pyodideDistribution(): { readonly lockFile: string; readonly address: string } {
  const { folder, version } = installed();
  return { lockFile: join(folder, "pyodide-lock.json"), address: `https://cdn.jsdelivr.net/pyodide/v${version}/full/` };
}

function installed(): Found {
  const found = find();
  if (typeof found === "string") throw new RetoolError("SANDBOX_START", `pyodide is unavailable, because ${found}`);
  return found;
}

function find(): Found | string {
  let file: string;
  try {
    file = createRequire(import.meta.url).resolve("pyodide/package.json");
  } catch {
    return `the optional package pyodide is not installed (npm install ${WANTED})`;
  }
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { readonly version: string };
  if (!VERSIONS.test(version)) return `pyodide ${version} is installed, and this package knows 0.29 (npm install ${WANTED})`;
  return { folder: dirname(realpathSync(file)), version };
}

/** Files of code that Python's own library has not. */
export interface PyodideCode {
  readonly wheels: readonly string[];
  /** Archives of shared libraries that native wheels need. */
  readonly libraries: readonly string[];
}

/**
 * Makes the backend ready: a memory snapshot with the runner and the wheels' packages imported, and an image of the engine with the
 * native ones, are made at the first use, which takes some seconds, and kept in `folder`.
 *
 * @param files - folder of the child's file and the Python sources.
 */
export async function pyodideBackend(files: URL, { wheels, libraries }: PyodideCode, folder: string): Promise<PythonBackend> {
  const found = installed();
  const runner = ["runner.py", "seal.py"].map((name) => readFileSync(new URL(name, files), "utf8")).join("\n");
  const hash = createHash("sha256").update(found.version).update(runner).update(JSON.stringify(LOAD_OPTIONS));
  const pure = wheels.filter((wheel) => !isNativeWheel(wheel));
  for (const wheel of pure) hash.update(readFileSync(wheel));
  const key = hash.digest("hex").slice(0, 24);
  const native = wheels.filter(isNativeWheel);
  const natives = [...libraries, ...native].map((wheel) => ` ${sha256Of(wheel).slice(0, 12)}`).join("");
  const launchWith = (snapshot: string | null, image: string | null): Launch => {
    const module = pathToFileURL(join(found.folder, "pyodide.mjs")).href;
    const setup: PyodideSetup = { module, snapshot, image, runner, wheels: pure, libraries, native };
    return launch(fileURLToPath(files), found.folder, setup);
  };
  const make = (what: string, process: Launch) => (draft: string) => written(what, process, draft);
  const snapshot = await keptFile({
    folder: join(folder, "snapshots"),
    key,
    count: KEPT_SNAPSHOTS,
    make: make("memory snapshot", launchWith(null, null)),
  });
  const image =
    native.length === 0
      ? null
      : await keptFile({
          folder: join(folder, "images"),
          key: createHash("sha256")
            .update(basename(snapshot))
            .update(natives)
            .update(readFileSync(new URL("pyodide-child.js", files)))
            .digest("hex")
            .slice(0, 24),
          count: KEPT_IMAGES,
          make: make("image of native packages", launchWith(snapshot, MAKE_IMAGE)),
        }).catch(() => null); // each process loads them, and says what is wrong with them
  return { name: "pyodide", fingerprint: `pyodide ${found.version} ${key}${natives}`, launch: launchWith(snapshot, image) };
}

/** A process without environment, writing, children, threads, native code and code from strings, that reads its own files only. */
function launch(files: string, pyodide: string, setup: PyodideSetup): Launch {
  const permission = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
  const readable = [
    join(files, "*"),
    join(dirname(files.replace(/[\\/]$/, "")), "package.json"),
    join(pyodide, "*"),
    ...setup.wheels,
    ...setup.libraries,
    ...setup.native,
  ];
  if (setup.snapshot !== null) readable.push(setup.snapshot);
  if (setup.image !== null && setup.image !== MAKE_IMAGE) readable.push(setup.image);
  const args = [
    "--disallow-code-generation-from-strings",
    permission,
    "--no-warnings",
    "--no-addons",
    "--max-old-space-size=512",
    ...readable.map((path) => `--allow-fs-read=${path}`),
    join(files, "pyodide-child.js"),
  ];
  return { command: process.execPath, args, env: { TZ: "UTC" }, setup: JSON.stringify(setup) };
}

/** Lets a process write a file that it is to make. */
function written(what: string, { command, args, env, setup }: Launch, draft: string): Promise<void> {
  const target = openSync(draft, "w", 0o600);
  return new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["pipe", "ignore", "pipe", target], cwd: "/", windowsHide: true });
    let errors = "";
    child.stderr!.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
    child.stdin!.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 && statSync(draft).size > 2 ** 20) return resolve();
      const said = readFileSync(draft).subarray(0, 500).toString("latin1");
      reject(new RetoolError("SANDBOX_START", `Pyodide's ${what} was not made: ${said} ${errors}`.trim()));
    });
    child.stdin!.end(`${setup}\n`);
  }).finally(() => closeSync(target));
}
