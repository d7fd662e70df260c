import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { useBackend } from "../src/backend.js";
import { writeSafetensors } from "../src/checkpoint/safetensors-file.js";
import { GgufFile } from "../src/gguf/gguf-file.js";
import type { ModelConfig } from "../src/index.js";
import { saveAdapter, writeGgufAdapter } from "../src/node.js";
import { Parameters } from "../src/parameters.js";

const MODEL: ModelConfig = {
  modelType: "llama", vocabSize: 34, hiddenSize: 16, intermediateSize: 22, layers: 1, heads: 2, kvHeads: 2, headDim: 8, maxPositions: 64, rmsNormEpsilon: 1e-6,
  ropeTheta: 100, tiedEmbeddings: true, attentionBias: false, queryKeyNorm: false,
}; // prettier-ignore

let folder: string;
let parameters: Parameters;
beforeEach(async () => {
  await useBackend("wasm");
  folder = await mkdtemp(join(tmpdir(), "gguf-adapter-"));
});
afterEach(async () => {
  parameters.dispose();
  await rm(folder, { recursive: true });
});

/** An adapter of numbers that tell their places, written both ways. */
async function written(config: ModelConfig, rankStabilized = false): Promise<GgufFile> {
  parameters = Parameters.initialize(config, { seed: 5, embeddingStd: 0.3 });
  let next = 0;
  const options = { rank: 2, alpha: 4, dropout: 0, modules: ["q", "v", "down"], seed: 1, rankStabilized } as const;
  parameters.addAdapter(options, ({ shape }) => Float32Array.from({ length: shape[0]! * shape[1]! }, () => next++));
  await saveAdapter(folder, parameters);
  const path = join(folder, "adapter.gguf");
  await writeGgufAdapter(folder, path, config);
  return GgufFile.open(path);
}

/** A matrix of this engine, transposed as files have it, with its rows in an order. */
async function own(name: string, order?: readonly number[]): Promise<number[]> {
  const tensor = parameters.get(name);
  const values = await tensor.data();
  const [columns, rows] = tensor.shape as [number, number];
  return (order ?? Array.from({ length: rows }, (_, row) => row)).flatMap((row) =>
    Array.from({ length: columns }, (_, i) => values[i * rows + row]!),
  );
}

const HEAD = [0, 4, 1, 5, 2, 6, 3, 7]; // llama.cpp rotates neighbours of a head of 8

test.each(["llama", "mistral"] as const)(
  "an adapter of %s is as llama.cpp reads it: names, shapes, scale, order of rows",
  async (modelType) => {
    const file = await written({ ...MODEL, modelType });
    try {
      expect(Object.fromEntries(file.header.metadata)).toEqual({
      "general.architecture": "llama", "general.type": "adapter", "general.alignment": 32, "adapter.type": "lora", "adapter.lora.alpha": 4,
    }); // prettier-ignore
      expect(Object.fromEntries([...file.header.tensors].map(([name, { shape }]) => [name, shape]))).toEqual({
      "blk.0.attn_q.weight.lora_a": [2, 16], "blk.0.attn_q.weight.lora_b": [16, 2], "blk.0.attn_v.weight.lora_a": [2, 16],
      "blk.0.attn_v.weight.lora_b": [16, 2], "blk.0.ffn_down.weight.lora_a": [2, 22], "blk.0.ffn_down.weight.lora_b": [16, 2],
    }); // prettier-ignore
      const read = async (name: string, shape: number[]) => Array.from(await file.read(name, shape));
      expect(await read("blk.0.attn_q.weight.lora_a", [2, 16])).toEqual(await own("layers.0.q.loraA"));
      expect(await read("blk.0.attn_q.weight.lora_b", [16, 2])).toEqual(
        await own("layers.0.q.loraB", [...HEAD, ...HEAD.map((row) => 8 + row)]),
      );
      expect(await read("blk.0.attn_v.weight.lora_b", [16, 2])).toEqual(await own("layers.0.v.loraB"));
      expect(await read("blk.0.ffn_down.weight.lora_a", [2, 22])).toEqual(await own("layers.0.down.loraA"));
    } finally {
      await file.close();
    }
  },
);

test("other architectures keep the order of rows, and a rank-stabilized scale is told as llama.cpp divides it", async () => {
  const file = await written({ ...MODEL, modelType: "qwen3", queryKeyNorm: true }, true);
  try {
    expect(Array.from(await file.read("blk.0.attn_q.weight.lora_b", [16, 2]))).toEqual(await own("layers.0.q.loraB"));
    expect(file.header.metadata.get("general.architecture")).toBe("qwen3");
    expect(file.header.metadata.get("adapter.lora.alpha")).toBeCloseTo(4 * Math.SQRT2, 6);
  } finally {
    await file.close();
  }
});

test("a matrix without a place is refused, and the file before stays", async () => {
  await (await written(MODEL)).close();
  const path = join(folder, "adapter.gguf");
  const before = await readFile(path);
  await writeSafetensors(
    join(folder, "adapter_model.safetensors"),
    [{ name: "base_model.model.lm_head.lora_A.weight", shape: [2, 2], values: () => Promise.resolve(new Float32Array(4)) }],
    {},
  );
  await expect(writeGgufAdapter(folder, path, MODEL)).rejects.toThrow("found tensor base_model.model.lm_head.lora_A.weight");
  await writeFile(join(folder, "adapter_config.json"), "{}");
  await expect(writeGgufAdapter(folder, path, MODEL)).rejects.toThrow("expected a plain LoRA adapter");
  expect(await readFile(path)).toEqual(before);
});
