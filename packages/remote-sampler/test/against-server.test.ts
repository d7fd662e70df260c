import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalEngine, useBackend, type ModelConfig } from "@retool-ts/policy";
import { engineFiles, loadModel, writeGgufAdapter } from "@retool-ts/policy/node";
import { expect, test } from "vitest";
import { LlamaServer } from "../src/llama-server.js";
import { SampledElsewhere } from "../src/sampled-elsewhere.js";
import type { SamplingServer } from "../src/sampling-server.js";
import { VllmServer } from "../src/vllm-server.js";

/**
 * A vLLM with `--enable-lora --dtype float32` and the folder of its model, or a llama.cpp with `--sleep-idle-seconds 1`, its F32 model
 * and its `--lora` file. `node scripts/peers.mjs vllm llama` starts both and names them here.
 */
const { RETOOL_VLLM_URL, RETOOL_VLLM_MODEL, RETOOL_LLAMA_URL, RETOOL_LLAMA_MODEL, RETOOL_LLAMA_ADAPTER } = process.env;
const vllm = RETOOL_VLLM_URL && RETOOL_VLLM_MODEL && { url: RETOOL_VLLM_URL, model: RETOOL_VLLM_MODEL };
const llama = RETOOL_LLAMA_URL &&
  RETOOL_LLAMA_MODEL &&
  RETOOL_LLAMA_ADAPTER && { url: RETOOL_LLAMA_URL, model: RETOOL_LLAMA_MODEL, adapterFile: RETOOL_LLAMA_ADAPTER };
if (!vllm) console.log("skipped: no vLLM; RETOOL_VLLM_URL and RETOOL_VLLM_MODEL name a server and its model's folder");
if (!llama) console.log("skipped: no llama.cpp; RETOOL_LLAMA_URL, RETOOL_LLAMA_MODEL and RETOOL_LLAMA_ADAPTER name a server and its files");

test.skipIf(!vllm)("ten updates on a real vLLM: tokens of the newest weights each time, none of older ones", async () => {
  const { url, model } = vllm as Exclude<typeof vllm, "" | undefined>;
  await tenUpdates(model, async () => VllmServer.open({ baseUrl: url }), { repeats: true });
});

test.skipIf(!llama)("ten updates on a real llama.cpp: tokens of the newest weights each time, none of older ones", async () => {
  const { url, model, adapterFile } = llama as Exclude<typeof llama, "" | undefined>;
  const open = async (config: ModelConfig) =>
    new LlamaServer({ baseUrl: url, adapterFile, writeAdapter: (folder, path) => writeGgufAdapter(folder, path, config) });
  // What runs beside a sequence changes its last bits, so that a seed does not always give the same tokens.
  await tenUpdates(model, open, { repeats: false });
});

async function tenUpdates(
  path: string,
  open: (config: ModelConfig) => Promise<SamplingServer>,
  { repeats }: { readonly repeats: boolean },
): Promise<void> {
  await useBackend("wasm");
  const parameters = await loadModel(path);
  parameters.addAdapter({ rank: 4, alpha: 8, dropout: 0, modules: ["q", "k", "v", "o", "gate", "up", "down"], seed: 1 });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  const engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 1024, files: engineFiles });
  const place = await mkdtemp(join(tmpdir(), "against-server-"));
  const sampled = await SampledElsewhere.create(engine, { server: await open(parameters.config), folder: place });
  const prompt = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]; // longer than a block of the prefix cache
  const vocabSize = parameters.config.vocabSize - 40; // as if the last rows were padding
  const distances: { readonly before: number; readonly after: number }[] = [];
  try {
    const sampler = await sampled.sampler({ maxSequences: 16, maxLength: 128, vocabSize });
    const draw = async (key: number) => {
      const sequence = sampler.open(prompt);
      const request = { temperature: 1, topP: 1, topK: 0, maxTokens: 24, uniform: () => key };
      const { tokenIds, logProbs } = await sampler.decode(sequence, request);
      sampler.close(sequence);
      expect(tokenIds.every((id) => id < vocabSize)).toBe(true);
      return { tokenIds, logProbs };
    };
    const distance = async (drawn: Awaited<ReturnType<typeof draw>>[]) => {
      const rows = drawn.map(({ tokenIds }) => ({
        tokenIds: [...prompt, ...tokenIds],
        lossMask: [...prompt.map(() => 0), ...tokenIds.map(() => 1)],
      }));
      const scores = await engine.logProbs(rows);
      return Math.max(...drawn.flatMap(({ logProbs }, i) => logProbs.map((value, t) => Math.abs(value - scores[i]![prompt.length + t]!))));
    };
    for (let step = 0; step < 10; step++) {
      const drawn = await Promise.all([0.1, 0.2, 0.3, 0.4].map(draw));
      if (repeats) expect(await draw(0.1)).toEqual(drawn[0]);
      expect(await distance(drawn)).toBeLessThan(1e-4);
      const rows = drawn.map(({ tokenIds }) => ({
        tokenIds: [...prompt, ...tokenIds],
        lossMask: [...prompt, ...tokenIds].map((_, i) => (i === 0 ? 0 : 1)),
      }));
      await sampled.forwardBackward(rows, { name: "cross-entropy", normalizer: 100 });
      await sampled.optimStep({ learningRate: 0.02 });
      distances.push({ before: await distance(drawn), after: await distance(await Promise.all([0.1, 0.2].map(draw))) });
    }
    console.log(distances.map(({ before, after }, i) => `${i + 1}: ${before.toExponential(1)} -> ${after.toExponential(1)}`).join("\n"));
    for (const { before, after } of distances) expect([before > 1e-2, after < 1e-4]).toEqual([true, true]);
  } finally {
    await sampled.close();
    engine.dispose();
    parameters.dispose();
    await rm(place, { recursive: true, force: true });
  }
}
