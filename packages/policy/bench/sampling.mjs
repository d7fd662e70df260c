// CPU milliseconds to draw one token from logits of 49,152 tokens: by the backend's kernel, and in JavaScript from logits that are read back,
// in turns. Usage: node bench/sampling.mjs <backend|auto> [repetitions]. Prints one JSON line.
import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import { build } from "esbuild";

const [backend = "wasm", count = "9"] = process.argv.slice(2);
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { chooseTokens, sampleToken, useBackend } = await bundled([
  'import "./src/node.ts";',
  'export { useBackend } from "./src/backend.ts";',
  'export { chooseTokens } from "./src/sampler/choose-tokens.ts";',
  'export { sampleToken } from "./src/sampler/sampling.ts";',
]);
const [ROWS, VOCAB] = [64, 49_152];
const MODES = {
  plain: { temperature: 1, topP: 1, topK: 0 },
  top_p: { temperature: 1, topP: 0.7, topK: 0 },
  top_k: { temperature: 1, topP: 1, topK: 20 },
  min_p: { temperature: 1, topP: 1, topK: 0, minP: 0.05 },
  greedy: { temperature: 0, topP: 1, topK: 0 },
};

const name = await useBackend(backend, { threads: 1 }); // a thread that waits for another would count too
const values = tf.randomNormal([ROWS, VOCAB], 0, 3, "float32", 7);
const logits = tf.tensor2d((await values.data()).slice(), [ROWS, VOCAB]);
tf.add(logits, 0).dispose(); // values that wait in JavaScript are handed over
const usable = { vocabSize: VOCAB };
const figures = {};
for (const [mode, options] of Object.entries(MODES)) {
  const draws = Array.from({ length: ROWS }, (_, row) => ({ options, uniform: ((row + 0.5) * 0.618034) % 1 }));
  const [kernel, read] = [[], []];
  let difference = 0;
  for (let repetition = -1; repetition < Number(count); repetition++) {
    const tokens = await timed(kernel, () => chooseTokens(logits, draws, usable));
    const others = await timed(read, async () => {
      const all = await logits.data();
      return draws.map(({ uniform }, row) => sampleToken(all.subarray(row * VOCAB, (row + 1) * VOCAB), VOCAB, options, uniform));
    });
    difference += tokens.filter(({ tokenId }, row) => tokenId !== others[row].tokenId).length;
    if (repetition < 0) for (const list of [kernel, read]) list.pop();
  }
  figures[mode] = { kernel_ms: median(kernel), read_back_ms: median(read), other_tokens: difference };
}
console.log(JSON.stringify({ backend: name, rows: ROWS, vocab: VOCAB, ...figures }));

async function timed(list, work) {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  list.push((user + system) / 1000 / ROWS);
  return result;
}

function median(list) {
  return Number(list.sort((a, b) => a - b)[list.length >> 1].toPrecision(3));
}

/** Our sources as one module: what is measured is not exported by the package. */
async function bundled(lines) {
  const folder = mkdtempSync(join(root, "bench/.bundle-"));
  try {
    const outfile = join(folder, "bundle.mjs");
    const stdin = { contents: lines.join("\n"), resolveDir: root, loader: "ts" };
    await build({ stdin, bundle: true, format: "esm", platform: "node", packages: "external", outfile, logLevel: "error" });
    return await import(pathToFileURL(outfile));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
