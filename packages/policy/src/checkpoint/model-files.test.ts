import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { expect, test } from "vitest";
import { modelConfigFromHuggingFace } from "../config.js";
import { modelFromFiles, modelToFiles, type ModelFiles } from "../index.js";
import { useBackend } from "../backend.js";
import { Parameters } from "../parameters.js";
import { loadModel, saveModel } from "./checkpoint.js";
import type { FloatType } from "./float-type.js";

const CONFIG = modelConfigFromHuggingFace({
  model_type: "qwen3",
  vocab_size: 11,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 16,
  tie_word_embeddings: false,
});

/** Makes random weights in a backend of its own for the length of a test. */
async function withWeights(use: (parameters: Parameters) => Promise<void>): Promise<void> {
  await useBackend("wasm");
  const parameters = Parameters.initialize(CONFIG, { seed: 3, embeddingStd: 0.3 });
  try {
    await use(parameters);
  } finally {
    parameters.dispose();
  }
}

test.each<FloatType>(["float32", "float16", "bfloat16"])("files in memory are those of a folder, to the byte: %s", (dtype) =>
  withWeights(async (parameters) => {
    const folder = await mkdtemp(join(tmpdir(), "retool-model-files-"));
    try {
      const options = { dtype, eosTokenId: 4, padTokenId: 5, files: { "tokenizer.json": "{}\n" } };
      await saveModel(folder, parameters, options);
      const files = await modelToFiles(parameters, options);
      expect(Object.keys(files).sort()).toEqual((await readdir(folder)).sort());
      for (const [name, bytes] of Object.entries(files))
        expect(Buffer.from(bytes).equals(await readFile(join(folder, name))), name).toBe(true);
      const [fromFolder, fromFiles] = [await loadModel(folder), await modelFromFiles(files)];
      for (const { name } of fromFolder.specs) {
        expect([...(await fromFiles.get(name).data())], name).toEqual([...(await fromFolder.get(name).data())]);
      }
      fromFolder.dispose();
      fromFiles.dispose();
    } finally {
      await rm(folder, { recursive: true });
    }
  }),
);

test("a head that a tied config does not speak of stands where it differs from the embedding", () =>
  withWeights(async (parameters) => {
    const files = await modelToFiles(parameters);
    const config = JSON.parse(new TextDecoder().decode(files["config.json"])) as object;
    const tied = { ...files, "config.json": new TextEncoder().encode(JSON.stringify({ ...config, tie_word_embeddings: true })) };
    const own = await modelFromFiles(tied);
    expect(own.config.tiedEmbeddings).toBe(false);
    own.dispose();
    parameters.get("head").assign(parameters.get("embed"));
    const equal = { ...tied, "model.safetensors": (await modelToFiles(parameters))["model.safetensors"]! };
    const shared = await modelFromFiles(equal);
    expect(shared.config.tiedEmbeddings).toBe(true);
    shared.dispose();
  }));

test("what is missing or damaged is named", () =>
  withWeights(async (parameters) => {
    const files = await modelToFiles(parameters);
    const without = (name: string) => Object.fromEntries(Object.entries(files).filter(([key]) => key !== name));
    const cases: readonly (readonly [ModelFiles, RegExp])[] = [
      [without("config.json"), /config\.json: expected a file, found none/],
      [without("model.safetensors"), /model\.safetensors: expected a file, found none/],
      [{ ...files, "config.json": new TextEncoder().encode("{") }, /config\.json: expected JSON/],
      [{ ...files, "model.safetensors": files["model.safetensors"]!.subarray(0, -4) }, /truncated/],
      [{ ...files, "model.safetensors": withNaN(files["model.safetensors"]!) }, /expected finite numbers, found NaN as number \d+/],
    ];
    for (const [damaged, message] of cases) {
      const error: unknown = await modelFromFiles(damaged).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toMatch(message);
    }
  }));

/** The same file with its last number not a number. */
function withNaN(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setFloat32(copy.length - 4, Number.NaN, true);
  return copy;
}
