// Measures what docs/guide/speed.md shows, on this machine, and writes its tables: `pnpm bench all`.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { lastLine, pythonVersions } from "./bench-process.mjs";
import { root } from "./bootstrap.mjs";
import { medianOf, missingTrl, stepPairs } from "./step-pairs.mjs";

const [BEGIN, END] = ["<!-- figures: `pnpm bench all` writes them -->", "<!-- end of figures -->"];
const MODES = { plain: "temperature 1", top_p: "top-p 0.7", top_k: "top-k 20", min_p: "min-p 0.05", greedy: "most likely" };

/** Packages whose versions stand beside the peers' figures. */
const PEERS = ["torch", "transformers", "trl", "math-verify", "tokenizers"];

/** @param count - repetitions of each figure, of which the median is shown */
export async function writeSpeedPage(count) {
  const bench = (name) => join(root, "packages", name);
  const { RETOOL_BENCH_PYTHON: python, RETOOL_SHARED: shared = "../shared" } = process.env;
  const { probeBackends } = await import(pathToFileURL(join(root, "packages/policy/dist/node.js")));
  const native = (await probeBackends()).find((probe) => probe.native?.kernels === true);
  const backends = ["wasm", ...(native === undefined ? [] : [native.name])];
  const sampling = backends.map((name) => measure(bench("policy/bench/sampling.mjs"), name, count));
  const prompts = backends.map((name) => measure(bench("policy/bench/prompts.mjs"), name, 4_000, 4));
  const threads = measure(bench("policy/bench/threads.mjs"), Math.min(cpus().length, 4), count);
  const turns = measure(bench("sandbox/bench/turns.mjs"));
  const memory = backends.flatMap((name) =>
    ["all", "adapter"].map((trained) => measure(bench("policy/bench/memory.mjs"), name, trained, 512)),
  );
  const noTrl = missingTrl(python);
  const steps = await stepPairs({ steps: "4", pairs: 3, backends, python: noTrl === undefined ? python : undefined });
  const parts = [
    machine(native),
    peers(python),
    samplingTable(sampling),
    promptsTable(prompts),
    threadsTable(threads),
    turnsTable(turns),
    await memoryTable(memory, bench("policy/bench"), python),
    stepsTable(steps, noTrl),
    await verdicts(bench("reward/bench"), join(resolve(root, shared), "data/math/math500.jsonl"), python),
  ];
  const path = join(root, "docs/guide/speed.md");
  const [before, rest] = readFileSync(path, "utf8").split(BEGIN);
  const after = rest.split(END)[1];
  const text = parts.join("\n\n");
  writeFileSync(path, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  console.log(text);
}

function measure(file, ...args) {
  const { stdout, status } = spawnSync(process.execPath, [file, ...args.map(String)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${file} ended with code ${status}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

function machine(native) {
  const tfjs = JSON.parse(readFileSync(join(root, "packages/policy/node_modules/@tensorflow/tfjs-core/package.json"), "utf8")).version;
  const parts = [`${cpus()[0].model}, ${cpus().length} cores`, `Node ${process.version.slice(1)}`, `TensorFlow.js ${tfjs}`];
  if (native !== undefined) parts.push(`TensorFlow ${native.native.tensorflow ?? ""}`.trim());
  return `Measured on ${parts.join(", ")}.`;
}

function peers(python) {
  const versions = pythonVersions(python, PEERS);
  if (versions === undefined) return "Peers in Python were not measured: RETOOL_BENCH_PYTHON names none.";
  return `Peers: ${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")}, on one thread.`; // prettier-ignore
}

function samplingTable(results) {
  const rows = results.flatMap(({ backend, ...figures }) =>
    Object.entries(MODES).map(([mode, name]) => {
      const { kernel_ms: kernel, read_back_ms: read, other_tokens: others } = figures[mode];
      return [backend, name, read, kernel, (read / kernel).toFixed(1), others];
    }),
  );
  return table(["backend", "tokens", "read back, ms", "kernel, ms", "ratio", "other tokens"], rows);
}

function threadsTable(figures) {
  const rows = Object.entries(figures).map(([name, each]) => [
    name.split("_")[1],
    each.train_main_ms,
    each.train_cpu_ms,
    each.sample_main_ms,
    each.sample_cpu_ms,
  ]);
  return table(["threads", "update, ms", "of all threads, CPU ms", "sampling, ms", "of all threads, CPU ms"], rows);
}

function promptsTable(results) {
  const rows = results.map(({ backend, rows, length, prefill_cpu_s: prefill, train_cpu_s: train }) => [
    backend,
    `${rows} × ${length}`,
    prefill,
    train,
  ]);
  return table(["backend", "tokens of prompts", "into the cache, CPU s", "update from one, CPU s"], rows);
}

function turnsTable(figures) {
  const names = {
    small: "one variable",
    list: "a list of 10,000",
    eight_sessions: "eight sessions in turn",
    four_mib: "4 MiB",
    thirty_mib: "30 MiB",
  };
  const rows = Object.entries(figures).map(([name, [{ cpu_ms: cpu, least_wall_ms: wall }]]) => [names[name], cpu, wall]);
  return table(["state of the session", "a turn, CPU ms", "least, ms"], rows);
}

/** Peaks of training, and PyTorch's of all weights. */
async function memoryTable(results, bench, python) {
  const { SHAPES } = await import(pathToFileURL(join(bench, "shapes.mjs")));
  let peer;
  let missing = "RETOOL_BENCH_PYTHON names no Python";
  if (python) {
    const args = [join(bench, "memory_peer.py"), JSON.stringify(SHAPES.smollm2), "512"];
    peer = await lastLine(python, args, { isOneThread: true }).catch(
      () => (missing = "the Python of RETOOL_BENCH_PYTHON has no transformers"),
    );
  }
  const isMeasured = typeof peer === "object";
  const rows = results.map(({ backend, trained, tokens, formula_mib: formula, peak_mib: peak }) => {
    const own = [backend, trained === "all" ? "all weights" : "adapter", tokens, formula, peak];
    if (!isMeasured) return own;
    return trained === "all" ? [...own, peer.peak_mib, round(peak / peer.peak_mib)] : [...own, "", ""];
  });
  const head = ["backend", "trained", "tokens", "formula, MiB", "peak, MiB"];
  if (isMeasured) return table([...head, "PyTorch, MiB", "ratio"], rows);
  return `${table(head, rows)}\n\nPyTorch was not measured: ${missing}.`;
}

/** @param missing - why the peer was not measured */
function stepsTable(turns, missing) {
  const names = Object.keys(turns[0]).filter((name) => name !== "trl");
  const rows = names.map((name) => {
    const own = [name, round(medianOf(turns, name)), turns.map((turn) => turn[name]).join(", ")];
    return missing === undefined ? [...own, round(medianOf(turns, "trl")), round(medianOf(turns, name, "trl"))] : own;
  });
  const head = ["backend", "a GRPO step, CPU s", "each turn"];
  if (missing === undefined) return table([...head, "TRL, CPU s", "ratio"], rows);
  return `${table(head, rows)}\n\nTRL was not measured: ${missing}.`;
}

/** The verifier and Math-Verify on the same pairs. */
async function verdicts(bench, file, python) {
  if (!existsSync(file)) return "Verdicts were not measured: RETOOL_SHARED names no folder with data/math/math500.jsonl.";
  const all = [await lastLine(process.execPath, [join(bench, "verify.mjs"), file])];
  let missing = "";
  if (!python) missing = "RETOOL_BENCH_PYTHON names no Python";
  else {
    const pairs = spawnSync(process.execPath, [join(bench, "verify.mjs"), file, "pairs"], { encoding: "utf8", maxBuffer: 2 ** 26 }).stdout;
    await lastLine(python, [join(bench, "verify_peer.py")], { input: pairs }).then(
      (peer) => all.push(peer),
      () => (missing = "the Python of RETOOL_BENCH_PYTHON has no math-verify"),
    );
  }
  const rows = all.map((each) => [each.peer, each.pairs, each.agreement, each.verdicts_per_cpu_s, each.median_ms, each.worst_ms]);
  const text = table(["verifier", "pairs", "agreement", "verdicts a CPU second", "median, ms", "worst, ms"], rows);
  return missing === "" ? text : `${text}\n\nMath-Verify was not measured: ${missing}.`;
}

function round(value) {
  return Number(value.toPrecision(3));
}

function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
