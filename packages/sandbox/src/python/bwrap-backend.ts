import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { RetoolError } from "@retool-ts/core";
import { compiledWheels } from "./compiled-wheels.js";
import { hostPython, type HostPython } from "./host-python.js";
import type { BackendAvailability, PythonBackend } from "./backend.js";

/** Places where distributions and container images put it; a version manager's shim on the PATH would need files of the user. */
const PYTHONS = ["/usr/bin/python3", "/usr/local/bin/python3"];

/** Paths of the host that a process sees, besides its wheels: read-only, when it exists. */
const SEEN = ["/usr", "/etc/alternatives", "/etc/ld.so.cache"];

/** Folders that are links into `/usr` on most systems, and folders on others. */
const ROOTS = ["/bin", "/lib", "/lib64", "/sbin"];

/** Room for files, which is taken from the memory's: nothing else may be written. */
const TMP_BYTES = 8 * 2 ** 20;

/** Starts a program without random addresses, so that what Python shows of them is the same each time. */
const SETARCH = "/usr/bin/setarch";

interface Found {
  readonly bwrap: string;
  /** Python, with what stands before it. */
  readonly command: readonly string[];
  readonly python: HostPython;
  readonly version: string;
}

const looked = new Map<string, Found | string>();

/** Tells whether bubblewrap, Python and user namespaces are there; looked at once a process. */
export function bwrapAvailability(interpreter?: string): BackendAvailability {
  const found = lookedUp(interpreter);
  if (typeof found === "string") return { name: "bwrap", isAvailable: false, reason: found };
  return { name: "bwrap", isAvailable: true, detail: `CPython ${found.version} under bubblewrap` };
}

function lookedUp(interpreter: string | undefined): Found | string {
  const known = looked.get(interpreter ?? "");
  if (known !== undefined) return known;
  const found = find(interpreter);
  looked.set(interpreter ?? "", found);
  return found;
}

function find(interpreter: string | undefined): Found | string {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.arch !== "x64" && process.arch !== "arm64") return `its system call filter is not written for ${process.arch}`;
  const bwrap = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "bwrap"))
    .find((file) => existsSync(file));
  if (bwrap === undefined) return "bwrap is not on the PATH (install the package bubblewrap)";
  const file = interpreter ?? PYTHONS.find((path) => existsSync(path));
  if (file === undefined) return `there is no Python at ${PYTHONS.join(" or ")} (install python3)`;
  const python = interpreter === undefined ? { file, mounts: [], packages: [] } : hostPython(interpreter);
  if (typeof python === "string") return python;
  const ask = (command: readonly string[]) => {
    const question = ["-I", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"];
    return spawnSync(bwrap, [...walls(python, []), ...command, ...question], { encoding: "utf8", env: {}, timeout: 20_000 });
  };
  const fixed = [SETARCH, "-R", python.file];
  const first = ask(fixed);
  const command = first.status === 0 ? fixed : [python.file]; // some containers forbid it
  const probe = first.status === 0 ? first : ask(command);
  const version = probe.stdout?.trim() ?? "";
  if (probe.status === 0 && /^3\.(?:1[1-9]|[2-9]\d)\./.test(version)) return { bwrap, python, command, version };
  if (probe.status === 0) return `${file} is Python ${version}, and 3.11 or later is needed`;
  const why = probe.stderr?.trim().split("\n")[0] || probe.error?.message || `it ended with code ${String(probe.status)}`;
  return `bubblewrap cannot make its namespaces here (${why})`;
}

/** Milliseconds for the modules of one wheel to be compiled. */
const COMPILE_MS = 600_000;

/**
 * Makes the backend ready: the wheels' packages are compiled at the first use, which takes some seconds, and kept in `folder`.
 *
 * @param files - folder of the Python sources.
 */
export async function bwrapBackend(files: URL, wheels: readonly string[], folder: string, interpreter?: string): Promise<PythonBackend> {
  const found = lookedUp(interpreter);
  if (typeof found === "string") throw new RetoolError("SANDBOX_START", `bwrap is unavailable, because ${found}`);
  const compile = (draft: string, wheel: string) => compileModules(found, draft, insideOf(wheel));
  const places = await compiledWheels(wheels, { folder, python: `cpython-${found.version}`, compile });
  const mounts = wheels.map((wheel, i) => ["--ro-bind", places[i]!, insideOf(wheel)]);
  const source = ["runner.py", "bwrap_main.py"].map((name) => readFileSync(new URL(name, files), "utf8")).join("\n");
  const mounted = [...wheels.map(insideOf), ...found.python.packages];
  const start = "import sys, json; setup = json.loads(sys.stdin.buffer.readline()); exec(compile(setup['source'], '<runner>', 'exec'))";
  const args = [...walls(found.python, mounts.flat()), ...found.command, "-B", "-s", "-P", "-c", start];
  return {
    name: "bwrap",
    fingerprint: `cpython ${found.version} ${interpreter ?? ""} ${mounted.join(" ")}`.trim(),
    launch: { command: found.bwrap, args, env: {}, setup: JSON.stringify({ source, wheels: mounted, fileBytes: TMP_BYTES }) },
  };
}

/** Compiles the modules of a folder as seen from inside, by an interpreter that has nothing else to write. */
function compileModules({ bwrap, python, command }: Found, folder: string, inside: string): Promise<boolean> {
  const made = `import compileall, py_compile
compileall.compile_dir(${JSON.stringify(inside)}, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
print("compiled")`; // also where a file is no Python of this version, which is never imported either
  const program = [...command, "-s", "-P", "-c", made];
  const args = [...walls(python, ["--bind", folder, inside]), ...program];
  return new Promise((resolve) => {
    execFile(bwrap, args, { env: {}, timeout: COMPILE_MS }, (error, said) => resolve(error === null && said === "compiled\n"));
  });
}

/** Place of a wheel inside. */
function insideOf(wheel: string): string {
  return `/wheels/${basename(wheel)}`;
}

function walls(python: HostPython, mounts: readonly string[]): string[] {
  const alone = [
    "--unshare-all",
    "--unshare-user",
    "--uid",
    "65534",
    "--gid",
    "65534",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
  ];
  const environment = [
    "--clearenv",
    "--setenv",
    "TZ",
    "UTC",
    "--setenv",
    "LC_ALL",
    "C.UTF-8",
    "--setenv",
    "HOME",
    "/tmp",
    "--setenv",
    "OPENBLAS_NUM_THREADS", // cells begin no threads
    "1",
    ...(python.libraries === undefined ? [] : ["--setenv", "LD_LIBRARY_PATH", python.libraries]),
    "--setenv",
    "PYTHONHASHSEED",
    "0",
    "--hostname",
    "sandbox",
  ];
  const seen = SEEN.flatMap((path) => ["--ro-bind-try", path, path]);
  const roots = ROOTS.flatMap((path) => (existsSync(path) ? ["--ro-bind", path, path] : []));
  const devices = ["--dev", "/dev", ...["/dev/random", "/dev/urandom"].flatMap((path) => ["--dev-bind", "/dev/zero", path])];
  const terminals = ["--tmpfs", "/dev/pts", "--remount-ro", "/dev/pts"]; // reading one could wait for ever
  const own = [...devices, ...terminals, "--size", String(TMP_BYTES), "--tmpfs", "/tmp", "--chdir", "/tmp"];
  return [
    ...alone,
    ...environment,
    ...seen,
    ...roots,
    ...own,
    ...python.mounts.flatMap(([from, to]) => ["--ro-bind", from, to]),
    ...mounts,
    "--remount-ro",
    "/dev",
    "--remount-ro",
    "/",
  ];
}
