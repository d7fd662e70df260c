import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { spawn } from "node:child_process";
import { RetoolError } from "@retool-ts/core";
import type { BackendAvailability, Launch, PythonBackend } from "./backend.js";
import { LOAD_OPTIONS } from "./pyodide-memory.js";
import type { PyodideSetup } from "./pyodide-child.js";
import { sha256Of } from "./stored-wheels.js";
import { isNativeWheel } from "./wheel.js";

/** Versions whose private parts are as this package expects them. */
const VERSIONS = /^0\.29\./;
const WANTED = "pyodide@~0.29.4";

/** Memory snapshots that are kept; older ones are removed. */
const KEPT_SNAPSHOTS = 3;

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
 * Makes the backend ready: a memory snapshot with the runner and the wheels' packages imported is made at the first use, which
 * takes some seconds, and kept in `folder`.
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
  const launchWith = (snapshot: string | null): Launch => {
    const module = pathToFileURL(join(found.folder, "pyodide.mjs")).href;
    const setup: PyodideSetup = { module, snapshot, runner, wheels: pure, libraries, native };
    return launch(fileURLToPath(files), found.folder, setup);
  };
  const snapshot = await snapshotFile(join(folder, "snapshots"), `${key}.bin`, () => makeSnapshot(launchWith(null)));
  return { name: "pyodide", fingerprint: `pyodide ${found.version} ${key}${natives}`, launch: launchWith(snapshot) };
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

async function snapshotFile(folder: string, name: string, make: () => Promise<Uint8Array>): Promise<string> {
  const file = join(folder, name);
  try {
    if (statSync(file).size > 0) {
      utimesSync(file, new Date(), new Date());
      return file;
    }
  } catch {
    // It is made now.
  }
  const bytes = await make();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    write(file, bytes);
    removeOld(folder);
    return file;
  } catch {
    const own = join(mkdtempSync(join(tmpdir(), "retool-python-")), name); // the data folder cannot be written
    write(own, bytes);
    process.once("exit", () => rmSync(dirname(own), { recursive: true, force: true }));
    return own;
  }
}

function write(file: string, bytes: Uint8Array): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, bytes, { mode: 0o600 });
  renameSync(draft, file);
}

function removeOld(folder: string): void {
  const files = readdirSync(folder).map((name) => join(folder, name));
  const byAge = files.map((file) => ({ file, ms: statSync(file).mtimeMs })).sort((a, b) => b.ms - a.ms);
  for (const { file } of byAge.slice(KEPT_SNAPSHOTS)) rmSync(file, { force: true });
}

function makeSnapshot({ command, args, env, setup }: Launch): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["pipe", "ignore", "pipe", "pipe"], cwd: "/", windowsHide: true });
    const chunks: Buffer[] = [];
    let errors = "";
    child.stdio[3]!.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr!.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
    child.stdin!.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code) => {
      const bytes = Buffer.concat(chunks);
      if (code === 0 && bytes.length > 2 ** 20) resolve(bytes);
      else
        reject(
          new RetoolError(
            "SANDBOX_START",
            `Pyodide's memory snapshot was not made: ${bytes.subarray(0, 500).toString("latin1")} ${errors}`.trim(),
          ),
        );
    });
    child.stdin!.end(`${setup}\n`);
  });
}
