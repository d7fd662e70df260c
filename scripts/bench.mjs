// `pnpm bench sandbox [runs]`: runs, turns, forks and latencies of the sandbox, beside fresh child processes and isolated-vm.
// `pnpm bench step [steps]`: CPU seconds of one GRPO step of the tiny model, ours and, where RETOOL_BENCH_PYTHON has trl, TRL's for the same
// work: three pairs, each printed, one thread and the median of the steps on both sides.
// `pnpm bench reward`: verdicts a second on MATH-500's answers, ours and, where RETOOL_BENCH_PYTHON has it, Math-Verify's (or sympy's) for the
// same pairs. RETOOL_SHARED names the folder that holds data/math/math500.jsonl.
// `pnpm bench policy [repetitions]`: tokens a second of prefill, decode and training and peak memory, for a tiny model and SmolLM2's shape, on
// wasm, on native TensorFlow where it loads, and in PyTorch where RETOOL_BENCH_PYTHON has torch and transformers. A few minutes.
// `pnpm bench all [repetitions]`: draws of tokens, threads of wasm, turns of the sandbox, and steps and verdicts beside TRL's and Math-Verify's
// where RETOOL_BENCH_PYTHON has them, written into docs/guide/speed.md. Some minutes.
// `pnpm bench agents [folder]`: trains the agents of apps/agent beside the recipe's own loop, as the page on agents shows; a quarter of an hour.
// `pnpm bench serve`: 64 streamed conversations over HTTP against the same ones without it, with and without the prefix cache. Two minutes.
// `pnpm bench decode FILE`: processor time of a decoded token with a model from a file, in floats and in 8 bits, and llama.cpp's with the same
// GGUF file where RETOOL_BENCH_PYTHON has xllamacpp. Some minutes.
// `pnpm bench engine [steps]`: CPU seconds of a step through the Tinker API on loopback against the engine in the process, for a tiny model and
// SmolLM2's shape. Some minutes.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { lastLine } from "./bench-process.mjs";
import { ensureBuilt, ensureInstalled, localEnvironment, root } from "./bootstrap.mjs";
import { medianOf, missingTrl, stepPairs } from "./step-pairs.mjs";
import { writeSpeedPage } from "./speed-page.mjs";

const [what, count] = process.argv.slice(2);
const BENCHES = ["step", "sandbox", "reward", "policy", "agents", "serve", "engine", "decode", "all"];
const takesPath = what === "agents" || what === "decode";
if (!BENCHES.includes(what) || (what === "decode" && count === undefined) || (!takesPath && !/^[1-9]\d*$/.test(count ?? "1"))) {
  console.error(
    "usage: pnpm bench step [steps] | sandbox [runs] | reward | policy [repetitions] | agents [folder] | serve | engine [steps] | decode FILE | all [repetitions]",
  );
  process.exit(2);
}
await ensureInstalled();
await ensureBuilt();
if (what === "sandbox") {
  const file = join(root, "packages/sandbox/bench/sandbox.mjs");
  const child = spawn(process.execPath, ["--no-node-snapshot", file, count ?? "2000"], { env: localEnvironment(), stdio: "inherit" });
  process.exit(await new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1))));
}
if (what === "agents") {
  const child = spawn(process.execPath, [join(root, "apps/agent/bench/agents.mjs"), count ?? "runs/agents"], { stdio: "inherit" });
  process.exit(await new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1))));
}
if (what === "serve") {
  const child = spawn(process.execPath, [join(root, "packages/serve/bench/serve.mjs")], { stdio: "inherit" });
  process.exit(await new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1))));
}
if (what === "engine") {
  for (const shape of ["tiny", "smollm2"]) {
    const figures = await lastLine(process.execPath, [join(root, "packages/tinker-server/bench/engine.mjs"), shape, count ?? "5"]);
    console.log(JSON.stringify(figures));
    console.log(`${shape}: a step over HTTP takes ${(100 * (figures.ratio - 1)).toFixed(1)} % more CPU seconds than in the process`);
  }
  process.exit();
}
if (what === "decode") {
  await benchDecode(resolve(count));
  process.exit();
}
if (what === "reward") {
  await benchReward();
  process.exit();
}
if (what === "all") {
  await writeSpeedPage(count ?? "7");
  process.exit();
}
if (what === "policy") {
  await benchPolicy(count ?? "1");
  process.exit();
}
const { RETOOL_BENCH_PYTHON } = process.env;
const missing = missingTrl(RETOOL_BENCH_PYTHON);
if (missing !== undefined) console.log(`peer skipped: ${missing}`);
const python = missing === undefined ? RETOOL_BENCH_PYTHON : undefined;
const turns = await stepPairs({ steps: count ?? "6", pairs: 3, backends: ["auto"], python });
if (python !== undefined) {
  console.log(
    `ours takes ${medianOf(turns, "auto", "trl").toFixed(2)} times the peer's CPU seconds a step, the median of ${turns.length} pairs`,
  );
}

/** Each shape on each backend and in PyTorch, one after the other, each in a process of its own. */
async function benchPolicy(repetitions) {
  const bench = join(root, "packages/policy/bench");
  const { SHAPES } = await import(pathToFileURL(join(bench, "shapes.mjs")));
  const { probeBackends } = await import(pathToFileURL(join(root, "packages/policy/dist/node.js")));
  const native = (await probeBackends()).find(({ native }) => native !== undefined)?.name;
  if (native === undefined) console.log("native TensorFlow skipped: it does not load; `retool native install` builds it");
  const { RETOOL_BENCH_PYTHON: python } = process.env;
  if (!python) console.log("peer skipped: set RETOOL_BENCH_PYTHON to a Python with torch and transformers");
  for (const [name, shape] of Object.entries(SHAPES)) {
    let peer;
    if (python) {
      peer = await lastLine(python, [join(bench, "policy_peer.py"), JSON.stringify(shape), repetitions]);
      console.log(JSON.stringify({ shape: name, ...peer }));
    }
    for (const backend of ["wasm", ...(native === undefined ? [] : [native])]) {
      const ours = await lastLine(process.execPath, [join(bench, "policy.mjs"), backend, name, repetitions]);
      console.log(JSON.stringify(ours));
      if (peer === undefined) continue;
      const ratios = ["prefill", "decode_1", "decode_16", "decode_64", "train"].map((key) => {
        return `${key} ${(ours[key] / peer[key]).toFixed(2)} (${(ours[`${key}_cpu`] / peer[`${key}_cpu`]).toFixed(2)})`;
      });
      console.log(`${name} on ${ours.backend}, times the peer's tokens a second (a CPU second): ${ratios.join(", ")}`);
    }
  }
}

/** Decoding with a model's file, everybody on one thread, one after the other. */
async function benchDecode(file) {
  const bench = join(root, "packages/policy/bench");
  const { probeBackends } = await import(pathToFileURL(join(root, "packages/policy/dist/node.js")));
  const native = (await probeBackends()).find((probe) => probe.native?.kernels === true)?.name;
  for (const backend of [...(native === undefined ? [] : [native]), "wasm"]) {
    for (const weights of ["float32", "int8"]) {
      console.log(
        JSON.stringify(await lastLine(process.execPath, [join(bench, "decode.mjs"), backend, weights, file], { isOneThread: true })),
      );
    }
  }
  const { RETOOL_BENCH_PYTHON: python } = process.env;
  if (!python || !file.endsWith(".gguf")) {
    console.log("llama.cpp skipped: set RETOOL_BENCH_PYTHON to a Python with xllamacpp, and name a GGUF file");
    return;
  }
  console.log(JSON.stringify(await lastLine(python, [join(bench, "decode_llama.py"), file], { isOneThread: true, isQuiet: true })));
}

/** The verifier and a peer on the same pairs, one after the other. */
async function benchReward() {
  const { RETOOL_BENCH_PYTHON, RETOOL_SHARED = "../shared" } = process.env;
  const file = join(resolve(root, RETOOL_SHARED), "data/math/math500.jsonl");
  if (!existsSync(file)) {
    console.error(`no ${file}: set RETOOL_SHARED to the folder with data/math/math500.jsonl`);
    process.exit(2);
  }
  const bench = join(root, "packages/reward/bench");
  const verifier = await lastLine(process.execPath, [join(bench, "verify.mjs"), file]);
  console.log(JSON.stringify(verifier));
  if (!RETOOL_BENCH_PYTHON) {
    console.log("peer skipped: set RETOOL_BENCH_PYTHON to a Python with math-verify, or with sympy and antlr4-python3-runtime 4.11");
    return;
  }
  const pairs = spawnSync(process.execPath, [join(bench, "verify.mjs"), file, "pairs"], { encoding: "utf8", maxBuffer: 2 ** 26 }).stdout;
  const other = await lastLine(RETOOL_BENCH_PYTHON, [join(bench, "verify_peer.py")], { input: pairs }).catch((error) => error);
  if (other instanceof Error) {
    console.error(`the peer failed: ${other.message}`);
    process.exitCode = 1;
    return;
  }
  console.log(JSON.stringify(other));
  console.log(`ours gives ${Math.round(verifier.verdicts_per_cpu_s / other.verdicts_per_cpu_s)} times the peer's verdicts a CPU second`);
}
