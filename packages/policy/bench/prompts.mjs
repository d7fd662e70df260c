// node bench/prompts.mjs <backend> [length] [rows] [another build's dist]: CPU seconds of a prefill of long prompts by the tiny model, and of a
// forward and backward pass over as many tokens; medians, beside another build's in turn. Prints one JSON line a build.
import { spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { SHAPES } from "./shapes.mjs";

const ROUNDS = 3;
const [backend = "wasm", length = "4000", rows = "4", other, inside] = process.argv.slice(2);
if (inside === undefined) {
  const here = fileURLToPath(new URL("../dist", import.meta.url));
  const builds = { this: here, ...(other === undefined || other === "-" ? {} : { other: resolve(other) }) };
  const figures = Object.fromEntries(Object.keys(builds).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, dist] of Object.entries(builds)) {
      const args = [fileURLToPath(import.meta.url), backend, length, rows, dist, "inside"];
      const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      figures[name].push(JSON.parse(stdout.trim().split("\n").at(-1)));
    }
  }
  for (const [name, runs] of Object.entries(figures)) {
    const median = (key) => runs.map((run) => run[key]).toSorted((a, b) => a - b)[ROUNDS >> 1];
    const same = new Set(runs.map(({ bits }) => bits)).size === 1;
    const line = {
      build: name,
      backend,
      rows: Number(rows),
      length: Number(length),
      prefill_cpu_s: median("prefill"),
      train_cpu_s: median("train"),
    };
    console.log(JSON.stringify({ ...line, bits: same ? runs[0].bits : "differ" }));
  }
} else {
  const { createHash } = await import("node:crypto");
  const { LocalEngine, Parameters } = await import(pathToFileURL(`${other}/index.js`).href);
  const { useBackend } = await import(pathToFileURL(`${other}/node.js`).href);
  const tf = await import("@tensorflow/tfjs-core");
  await useBackend(backend, { threads: 1 });
  const config = { ...SHAPES.tiny.config, maxPositions: Number(length) + 8 };
  const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.02 });
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  const engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: Number(length) });
  const prompt = (row) => Array.from({ length: Number(length) }, (_, j) => (row * 37 + j * 11 + (j >> 3)) % config.vocabSize);
  const hash = createHash("sha256");
  const sampler = await engine.sampler({ maxSequences: Number(rows), maxLength: Number(length) + 4, vocabSize: config.vocabSize });
  const ids = Array.from({ length: Number(rows) }, (_, row) => sampler.open(prompt(row)));
  const prefill = await cpuSeconds(() => sampler.prefill(ids));
  const request = { temperature: 1, topP: 1, topK: 0, maxTokens: 3, uniform: () => 0.5 };
  for (const id of ids) hash.update(JSON.stringify(await sampler.decode(id, request)));
  sampler.dispose();
  const row = { tokenIds: prompt(9), lossMask: prompt(9).map((_, i) => (i === 0 ? 0 : 1)) };
  const train = await cpuSeconds(async () => {
    await engine.forwardBackward([row], ({ logProbs }) => ({ loss: tf.mul(tf.sum(logProbs), -1 / Number(length)) }));
    const result = await engine.optimStep({ learningRate: 1e-4 });
    hash.update(JSON.stringify(result));
  });
  console.log(JSON.stringify({ prefill, train, bits: hash.digest("hex").slice(0, 12) }));
}

async function cpuSeconds(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return Number(((user + system) / 1e6).toPrecision(3));
}
