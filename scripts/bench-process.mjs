// What benches run: programs in processes of their own, on one thread of computation, and the versions of peers.
import { spawn, spawnSync } from "node:child_process";
import { localEnvironment } from "./bootstrap.mjs";

/** One thread on both sides, whoever computes: PyTorch, its libraries or TensorFlow. */
const ONE_THREAD = { OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1", TF_NUM_INTRAOP_THREADS: "1", TF_NUM_INTEROP_THREADS: "1" };

/** Runs a program and parses the last line that it prints. */
export function lastLine(program, args, { input, isOneThread = false, isQuiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...localEnvironment(), ...(isOneThread ? ONE_THREAD : {}) },
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", isQuiet ? "ignore" : "inherit"],
    });
    child.stdin?.end(input);
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      const line = output.trim().split("\n").at(-1) ?? "";
      if (code === 0 && line.startsWith("{")) resolve(JSON.parse(line));
      else reject(new Error(`${program} ${args.join(" ")} ended with code ${code}: ${line}`));
    });
  });
}

/** Versions of the packages that a Python has of some, by name; undefined without a Python. */
export function pythonVersions(python, names) {
  if (!python) return undefined;
  const script = `
import importlib.metadata as m, json, platform, sys
found = {"Python": platform.python_version()}
for name in sys.argv[1:]:
    try: found[name] = m.version(name)
    except m.PackageNotFoundError: pass
print(json.dumps(found))`;
  const { stdout, status } = spawnSync(python, ["-c", script, ...names], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${python} does not run: set RETOOL_BENCH_PYTHON to a Python`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}
