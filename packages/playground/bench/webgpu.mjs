// Measures whether the playground's model would be faster on WebGPU than on WebAssembly. Run from this folder's package, after npm run build:
//
//   npm install --no-save --prefix FOLDER @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-webgpu@4.22.0
//   node bench/webgpu.mjs FOLDER
//
// Without a graphics card Chromium computes WebGPU in software, so that its arithmetic says nothing. What counts is independent of that: how many
// operations a pass has, what each costs before any arithmetic (measured on 64 numbers), and that each answer has to be waited for.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { build } from "esbuild";
import { servePlayground } from "@retool-ts/playground";
import { chromium } from "playwright-core";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node bench/webgpu.mjs FOLDER");
const require = createRequire(import.meta.url);
const at = (path) => resolve(folder, "node_modules", path);

// A pass of the playground's model with plain operations: [rows, width] through its layers, as packages/policy has them without its own kernels.
const page = `
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-webgpu";
import "@tensorflow/tfjs-backend-cpu";
const [layers, width, hidden, vocab, heads] = [CONFIG.num_hidden_layers, CONFIG.hidden_size, CONFIG.intermediate_size, CONFIG.vocab_size, CONFIG.num_attention_heads];
const small = (shape) => tf.variable(tf.randomNormal(shape, 0, 0.02));
function model() {
  return { embedding: small([vocab, width]), layers: Array.from({ length: layers }, () => ({ q: small([width, width]), k: small([width, width]), v: small([width, width]), o: small([width, width]), gate: small([width, hidden]), up: small([width, hidden]), down: small([hidden, width]), n1: small([width]), n2: small([width]) })) };
}
const norm = (x, w) => tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-6))), w);
function forward({ embedding, layers }, ids, batch, length) {
  let x = tf.gather(embedding, ids);
  const split = (t) => tf.transpose(tf.reshape(t, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  for (const l of layers) {
    const h = norm(x, l.n1);
    const [q, k, v] = [l.q, l.k, l.v].map((w) => split(tf.matMul(h, w)));
    const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 0.25));
    x = tf.add(x, tf.matMul(tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [batch * length, width]), l.o));
    const g = norm(x, l.n2);
    const gate = tf.matMul(g, l.gate);
    x = tf.add(x, tf.matMul(tf.mul(tf.mul(gate, tf.sigmoid(gate)), tf.matMul(g, l.up)), l.down));
  }
  return tf.matMul(x, embedding, false, true);
}
globalThis.measure = async (backend) => {
  if (!(await tf.setBackend(backend))) return undefined;
  for (const [flag, value] of [["WEBGPU_CPU_FORWARD", false], ["WEBGPU_CPU_HANDOFF_SIZE_THRESHOLD", 0]]) tf.env().set(flag, value); // nothing small is left to the processor
  await tf.ready();
  const own = model();
  const time = async (work, times) => { await work(); const start = performance.now(); for (let i = 0; i < times; i++) await work(); return (performance.now() - start) / times; };
  // One operation on 64 numbers, many in a row, waited for once: what each costs to send.
  const one = tf.ones([8, 8]);
  const perOperation = (await time(async () => { const last = tf.tidy(() => { let x = one; for (let i = 0; i < 200; i++) x = tf.add(x, one); return x; }); await last.data(); last.dispose(); }, 5)) / 200;
  const roundTrip = await time(async () => { const x = tf.add(one, one); await x.data(); x.dispose(); }, 20);
  const ids = (n) => tf.tensor1d(Array.from({ length: n }, (_, i) => i % vocab), "int32");
  const token = ids(8);
  const rows = ids(2 * 4);
  const dispatches = async (work) => (await tf.profile(work)).kernels.filter(({ name }) => !["Reshape", "Identity"].includes(name)).length;
  const decode = () => tf.tidy(() => forward(own, token, 8, 1));
  const grads = () => tf.variableGrads(() => tf.mean(tf.neg(tf.log(tf.add(tf.gather(tf.softmax(forward(own, rows, 2, 4)), [0], 1), 1e-6)))));
  const decodeOperations = await dispatches(() => { decode().dispose(); });
  let updateOperations, why;
  try { updateOperations = await dispatches(() => { const { value, grads: all } = grads(); value.dispose(); Object.values(all).forEach((g) => g.dispose()); }); } catch (error) { why = String(error); }
  let sync = "works";
  try { tf.add(one, one).dataSync(); } catch (error) { sync = String(error.message ?? error).slice(0, 120); }
  return { perOperationMs: perOperation, roundTripMs: roundTrip, decodeOperations, updateOperations, why, sync };
};
`;
const config = require("../src/model/config.json");
const { outputFiles } = await build({
  stdin: { contents: page.replaceAll("CONFIG", JSON.stringify(config)), resolveDir: resolve(folder) },
  bundle: true,
  write: false,
  format: "iife",
  alias: { "@tensorflow/tfjs-core": at("@tensorflow/tfjs-core") },
});
const server = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>"));
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const args = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan,WebGPU"];
const browser = await chromium.launch({ executablePath: process.env.RETOOL_CHROMIUM ?? "/usr/bin/chromium", args });

/** What a step of the page takes with our own kernels, and the most tokens that one of its answers had: so many passes follow each other. */
async function wholeStep() {
  const playground = await servePlayground();
  const tab = await browser.newPage();
  await tab.goto(`${playground.url}#steps=10`);
  await tab.locator("#live footer").waitFor();
  await tab.locator("#train").click();
  const times = [];
  let longest = 0;
  for (let step = 1; step <= 10; step++) {
    const progress = tab.locator("#progress", { hasText: `step ${step} of` });
    await progress.waitFor({ timeout: 60_000 });
    times.push(1_000 * Number(/([\d.]+) s a step/.exec(await progress.textContent())[1]));
    const texts = await tab.locator("#rollouts .rollout").allTextContents();
    longest = Math.max(longest, ...texts.map((text) => Number(/\+ (\d+) tokens/.exec(text)?.[1] ?? 0)));
  }
  await playground.close();
  return { stepMs: times.sort((a, b) => a - b)[4], longestAnswer: longest };
}

try {
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  console.log("adapter:", await tab.evaluate(async () => (await navigator.gpu?.requestAdapter())?.info?.description ?? "none"));
  await tab.addScriptTag({ content: outputFiles[0].text });
  const gpu = await tab.evaluate(() => globalThis.measure("webgpu"));
  console.log("webgpu:", gpu);
  await tab.close();
  const wasm = await wholeStep();
  console.log("wasm, the playground itself:", wasm);
  const decodeMs = gpu.decodeOperations * gpu.perOperationMs + gpu.roundTripMs;
  const leastMs = wasm.longestAnswer * decodeMs + gpu.updateOperations * gpu.perOperationMs;
  console.log(
    `a step on webgpu takes at least ${leastMs.toFixed(0)} ms before any arithmetic; on wasm it takes ${wasm.stepMs} ms with all of it`,
  );
} finally {
  await browser.close();
  server.close();
}
