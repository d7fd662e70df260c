import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { TINY } from "../../test/tiny.js";
import { bits, randomModel, useCheckpointFolder } from "../../test/checkpoint-folder.js";
import { loadModel, readModelConfig, saveModel } from "./checkpoint.js";
import type { ModelConfig } from "../config.js";
import { parseSafetensors, serializeSafetensors, type SafetensorsTensor } from "../../test/safetensors-bytes.js";

const CONFIGS: readonly (readonly [string, ModelConfig])[] = [
  ["qwen3 with biases, tied", TINY],
  ["qwen2 without biases", { ...TINY, modelType: "qwen2", queryKeyNorm: false, attentionBias: false }],
  [
    "llama, untied, kvHeads = heads",
    { ...TINY, modelType: "llama", queryKeyNorm: false, attentionBias: false, tiedEmbeddings: false, kvHeads: 4 },
  ],
  ["mistral, wide heads", { ...TINY, modelType: "mistral", queryKeyNorm: false, attentionBias: false, headDim: 10 }],
];

const folder = useCheckpointFolder();

async function saved(config: ModelConfig = TINY): Promise<void> {
  const parameters = randomModel(config);
  await saveModel(folder(), parameters);
  parameters.dispose();
}

/** Rewrites the weights file. */
async function change(edit: (tensors: Map<string, SafetensorsTensor>) => void): Promise<void> {
  const path = join(folder(), "model.safetensors");
  const tensors = new Map(parseSafetensors(await readFile(path)).tensors);
  edit(tensors);
  await writeFile(path, serializeSafetensors(tensors));
}

describe("saveModel and loadModel", () => {
  test.each(CONFIGS)("%s: the same config and weights, to the bit", async (_, config) => {
    const parameters = randomModel(config);
    await saveModel(folder(), parameters, { eosTokenId: 2, padTokenId: 3, files: { "tokenizer.json": "{}" } });
    const loaded = await loadModel(folder());
    const before = bits(parameters);
    const after = bits(loaded);
    expect(loaded.config).toEqual(config);
    parameters.dispose();
    loaded.dispose();
    expect(after).toEqual(before);
    expect((await readdir(folder())).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
    expect(JSON.parse(await readFile(join(folder(), "config.json"), "utf8"))).toMatchObject({ eos_token_id: 2, pad_token_id: 3 });
  });

  test("matrices that are read in several pieces: the same weights, to the bit", async () => {
    const config: ModelConfig = { ...TINY, layers: 1, hiddenSize: 1_024, intermediateSize: 600, headDim: 256, kvHeads: 4 };
    const parameters = randomModel(config);
    await saveModel(folder(), parameters);
    const loaded = await loadModel(folder());
    const after = bits(loaded);
    const different = Object.entries(bits(parameters)).filter(
      ([name, values]) => !Buffer.from(values.buffer).equals(Buffer.from(after[name]!.buffer)),
    );
    parameters.dispose();
    loaded.dispose();
    expect(different.map(([name]) => name)).toEqual([]);
  });

  test("projections are [outputs, inputs] under their Hugging Face names", async () => {
    const parameters = randomModel(TINY);
    await saveModel(folder(), parameters);
    const { tensors, metadata } = parseSafetensors(await readFile(join(folder(), "model.safetensors")));
    const qkv = parameters.get("layers.1.qkv").dataSync(); // [24, 64]: 32 query, 16 key, 16 value columns
    const gateUp = parameters.get("layers.0.gateUp").dataSync(); // [24, 40]
    parameters.dispose();
    expect(metadata).toEqual({ format: "pt" });
    expect(tensors.has("lm_head.weight")).toBe(false);
    const key = tensors.get("model.layers.1.self_attn.k_proj.weight")!;
    expect(key.shape).toEqual([16, 24]);
    expect(key.values[3 * 24 + 7]).toBe(qkv[7 * 64 + 32 + 3]);
    const up = tensors.get("model.layers.0.mlp.up_proj.weight")!;
    expect(up.shape).toEqual([20, 24]);
    expect(up.values[5 * 24 + 2]).toBe(gateUp[2 * 40 + 20 + 5]);
  });

  test("shards that an index lists", async () => {
    await saved();
    const whole = await loadModel(folder());
    const { tensors } = parseSafetensors(await readFile(join(folder(), "model.safetensors")));
    await rm(join(folder(), "model.safetensors"));
    const halves = [new Map<string, SafetensorsTensor>(), new Map<string, SafetensorsTensor>()];
    const weightMap: Record<string, string> = {};
    [...tensors].forEach(([name, tensor], i) => {
      halves[i % 2]!.set(name, tensor);
      weightMap[name] = `part-${i % 2}.safetensors`;
    });
    for (const [i, half] of halves.entries()) await writeFile(join(folder(), `part-${i}.safetensors`), serializeSafetensors(half));
    await writeFile(join(folder(), "model.safetensors.index.json"), JSON.stringify({ weight_map: weightMap }));
    const loaded = await loadModel(folder());
    const same = [bits(loaded), bits(whole)];
    loaded.dispose();
    whole.dispose();
    expect(same[0]).toEqual(same[1]);

    for (const half of [0, 1]) await writeFile(join(folder(), `part-${half}.safetensors`), serializeSafetensors(halves[0]!));
    await expect(loadModel(folder())).rejects.toThrow(
      /part-1\.safetensors: tensor .*: expected each tensor in one file, found it is in part-0/,
    );

    for (const name of ["../part-0.safetensors", "..", ""]) {
      await writeFile(join(folder(), "model.safetensors.index.json"), JSON.stringify({ weight_map: { a: name } }));
      await expect(loadModel(folder())).rejects.toThrow(/weight_map: expected tensor names with plain file names/);
    }
    await writeFile(join(folder(), "model.safetensors.index.json"), "{ cut");
    await expect(loadModel(folder())).rejects.toThrow(/index\.json: expected JSON/);
  });

  test("a file name that leaves the folder is refused", async () => {
    const parameters = randomModel(TINY);
    for (const name of ["../x.json", "..", "", "config.json"]) {
      await expect(saveModel(folder(), parameters, { files: { [name]: "" } }), name).rejects.toThrow(InputError);
    }
    parameters.dispose();
    expect(await readdir(folder())).toEqual([]);
  });
});

describe("folders that are refused, with what and where", () => {
  const bad: readonly (readonly [string, () => Promise<void>, RegExp])[] = [
    ["no config", () => rm(join(folder(), "config.json")), /config\.json: expected a file, found none/],
    ["config cut short", () => truncate(join(folder(), "config.json"), 40), /config\.json: expected JSON/],
    ["no weights", () => rm(join(folder(), "model.safetensors")), /model\.safetensors: expected a file, found none/],
    ["weights cut short", () => truncate(join(folder(), "model.safetensors"), 5000), /truncated/],
    ["an empty file", () => truncate(join(folder(), "model.safetensors"), 0), /length field of 8 bytes, found 0 bytes/],
    [
      "a folder in the place of a file",
      async () => {
        await rm(join(folder(), "model.safetensors"));
        await mkdir(join(folder(), "model.safetensors"));
      },
      /model\.safetensors: expected a file, found a folder/,
    ],
    [
      "a missing tensor",
      () => change((tensors) => tensors.delete("model.norm.weight")),
      /tensor model\.norm\.weight: expected shape \[24\], found no such tensor/,
    ],
    [
      "a tensor of another shape",
      () => change((tensors) => tensors.set("model.norm.weight", { shape: [23], values: new Float32Array(23) })),
      /tensor model\.norm\.weight: expected shape \[24\], found shape \[23\]/,
    ],
    [
      "a bias that this model has no place for",
      () => change((tensors) => tensors.set("model.layers.0.self_attn.o_proj.bias", { shape: [24], values: new Float32Array(24).fill(1) })),
      /o_proj\.bias: .* no place for/,
    ],
    [
      "a vocabulary larger than the embedding",
      async () => {
        const config = JSON.parse(await readFile(join(folder(), "config.json"), "utf8"));
        await writeFile(join(folder(), "config.json"), JSON.stringify({ ...config, vocab_size: 40 }));
      },
      /tensor model\.embed_tokens\.weight: expected shape \[40, 24\], found shape \[29, 24\]/,
    ],
    ...(
      [
        ["more layers than tensors", { num_hidden_layers: 9_999 }, /a config with 9999 layers and \d+ tensors in all/],
        ["layers wider than memory", { intermediate_size: 2 ** 24 }, /gate_proj\.weight: expected shape \[16777216, 24\]/],
      ] as const
    ).map(
      ([name, changes, message]) =>
        [
          name,
          async () => {
            const config = JSON.parse(await readFile(join(folder(), "config.json"), "utf8"));
            await writeFile(join(folder(), "config.json"), JSON.stringify({ ...config, ...changes }));
          },
          message,
        ] as const,
    ),
    [
      "another dtype",
      async () => {
        const path = join(folder(), "model.safetensors");
        const text = (await readFile(path)).toString("latin1");
        await writeFile(path, text.replace('"model.norm.weight":{"dtype":"F32"', '"model.norm.weight":{"dtype":"I32"'), "latin1");
      },
      /tensor model\.norm\.weight: expected dtype F32, F16 or BF16, found I32/,
    ],
  ];
  test.each(bad)("%s", async (_, spoil, message) => {
    await saved();
    await spoil();
    const error: unknown = await loadModel(folder()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
  });
});

describe("a tied config whose file has an output head of its own", () => {
  const untied: ModelConfig = { ...TINY, tiedEmbeddings: false };
  const tie = async () => {
    const path = join(folder(), "config.json");
    const json = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    await writeFile(path, JSON.stringify({ ...json, tie_word_embeddings: true }));
  };

  test("has that head, as transformers has it", async () => {
    const parameters = randomModel(untied);
    await saveModel(folder(), parameters);
    await tie();
    expect((await readModelConfig(folder())).tiedEmbeddings).toBe(false);
    const loaded = await loadModel(folder());
    const [before, after] = [bits(parameters), bits(loaded)];
    parameters.dispose();
    loaded.dispose();
    expect(after).toEqual(before);
  });

  test("stays tied when the head is the embedding once more", async () => {
    await saved(untied);
    await tie();
    await change((tensors) => tensors.set("lm_head.weight", tensors.get("model.embed_tokens.weight")!));
    const loaded = await loadModel(folder());
    expect(loaded.config.tiedEmbeddings).toBe(true);
    loaded.dispose();
  });

  test("is refused where the head has another shape", async () => {
    await saved(untied);
    await tie();
    await change((tensors) =>
      tensors.set("lm_head.weight", { shape: [2, TINY.hiddenSize], values: new Float32Array(2 * TINY.hiddenSize) }),
    );
    await expect(loadModel(folder())).rejects.toThrow(/tensor lm_head\.weight: expected .*found/);
  });
});

test.each([NaN, Infinity, -Infinity])("weights with %s are refused with their tensor and place", async (value) => {
  await saved();
  await change((tensors) => {
    const norm = tensors.get("model.norm.weight")!;
    tensors.set("model.norm.weight", { ...norm, values: norm.values.map((number, i) => (i === 5 ? value : number)) });
  });
  await expect(loadModel(folder())).rejects.toThrow(`tensor model.norm.weight: expected finite numbers, found ${value} as number 5`);
});

test("a file in the place of a model's folder is refused", async () => {
  await saved();
  await expect(loadModel(join(folder(), "model.safetensors"))).rejects.toThrow(/config\.json: expected a file, found none/);
});
