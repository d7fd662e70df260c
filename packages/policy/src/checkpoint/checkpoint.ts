import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { tensorsToWrite } from "./checkpoint-layout.js";
import { configText, type SaveModelOptions } from "./model-files.js";
import { modelConfigFromHuggingFace, type ModelConfig } from "../config.js";
import { openGgufModel } from "../gguf/gguf-model.js";
import { readJson, writeText } from "./json-file.js";
import { loadWeights, type WeightSource } from "./load-weights.js";
import type { Parameters } from "../parameters.js";
import { SafetensorsFile, writeSafetensors } from "./safetensors-file.js";

/**
 * Writes a model as a Hugging Face folder: `config.json`, `model.safetensors` and the given text files. `transformers` loads it with equal
 * logits. Each file is complete or absent, but not the folder: write a file of your own last to mark it complete.
 *
 * @throws InputError when a text file's name is a path or one of the two names above.
 */
export async function saveModel(folder: string, parameters: Parameters, options: SaveModelOptions = {}): Promise<void> {
  const { files = {}, dtype = "float32", adapter = "merge", ...tokens } = options;
  for (const name of Object.keys(files)) {
    if (isPlainName(name) && name !== "config.json" && name !== "model.safetensors") continue;
    const expected = "a plain file name other than config.json and model.safetensors";
    throw new InputError({ what: "checkpoint", where: `${folder}: files`, expected, found: name, fix: "rename it" });
  }
  for (const [name, text] of Object.entries(files)) await writeText(join(folder, name), text);
  await writeText(join(folder, "config.json"), configText(parameters.config, dtype, tokens));
  await writeSafetensors(join(folder, "model.safetensors"), tensorsToWrite(parameters, adapter), { format: "pt" }, dtype);
}

/**
 * Reads a model: a Hugging Face folder with `config.json` and `model.safetensors`, or the shards that `model.safetensors.index.json`
 * lists; or a `.gguf` file of the llama, qwen2 or qwen3 architecture. Weights of other types become 32-bit floats. Tensors are read one
 * at a time, so that memory stays near the size of the model in 32-bit floats.
 *
 * @returns parameters that the caller disposes of
 * @throws InputError naming the file or tensor that is missing, malformed, of another shape, or that this model has no place for.
 */
export async function loadModel(path: string): Promise<Parameters> {
  const source = await openModel(path);
  try {
    return await loadWeights(source);
  } finally {
    await source.close();
  }
}

/**
 * Reads the shape of a model that {@link loadModel} would load, without its weights.
 *
 * @throws InputError when files are missing or malformed, or the model is of another family.
 */
export async function readModelConfig(path: string): Promise<ModelConfig> {
  const source = await openModel(path);
  await source.close();
  return source.config;
}

function openModel(path: string): Promise<WeightSource> {
  return path.toLowerCase().endsWith(".gguf") ? openGgufModel(path) : openFolder(path);
}

async function openFolder(folder: string): Promise<WeightSource> {
  const configPath = join(folder, "config.json");
  const config = modelConfigFromHuggingFace(await readJson(configPath), configPath);
  const files = await openWeights(folder);
  const fileOf = new Map<string, SafetensorsFile>();
  for (const file of files) {
    for (const name of file.header.entries.keys()) {
      const other = fileOf.get(name);
      if (other !== undefined) {
        await Promise.all(files.map((each) => each.close()));
        const problem = { what: "checkpoint", where: `${file.path}: tensor ${name}`, expected: "each tensor in one file" };
        throw new InputError({ ...problem, found: `it is in ${basename(other.path)} too`, fix: "download the files again" });
      }
      fileOf.set(name, file);
    }
  }
  const source: WeightSource = {
    config,
    place: files.length === 1 ? files[0]!.path : folder,
    names: [...fileOf.keys()],
    shapeOf: (name) => fileOf.get(name)?.header.entries.get(name)?.shape,
    readPieces: (name, shape, take) => (fileOf.get(name) ?? files[0]!).readPieces(name, shape, take),
    close: async () => void (await Promise.all(files.map((file) => file.close()))),
  };
  try {
    return (await hasOwnHead(source)) ? { ...source, config: { ...config, tiedEmbeddings: false } } : source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** True for a checkpoint whose config ties the head to the embedding, with a head of other values: `transformers` then takes that. */
async function hasOwnHead({ config, shapeOf, readPieces }: WeightSource): Promise<boolean> {
  const [head, embedding] = ["lm_head.weight", "model.embed_tokens.weight"] as const;
  const shape = shapeOf(head);
  if (!config.tiedEmbeddings || shape === undefined) return false;
  if (shapeOf(embedding)?.join() !== shape.join()) return true;
  const digests: string[] = [];
  for (const name of [head, embedding]) {
    const hash = createHash("sha256");
    await readPieces(name, shape, (piece) => hash.update(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength)));
    digests.push(hash.digest("hex"));
  }
  return digests[0] !== digests[1];
}

/** True for a name that stays in its folder. */
function isPlainName(name: string): boolean {
  return basename(name) === name && !["", ".", ".."].includes(name);
}

/** True when a file could not be read because there is none. */
function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}

const WeightIndex = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** Opens the file or files with the weights. */
async function openWeights(folder: string): Promise<SafetensorsFile[]> {
  const single = join(folder, "model.safetensors");
  const indexPath = join(folder, "model.safetensors.index.json");
  let shards: string[];
  try {
    return [await SafetensorsFile.open(single)];
  } catch (error) {
    if (!isAbsent(error)) throw error;
    const index = WeightIndex.safeParse(
      await readJson(indexPath).catch((other: unknown) => Promise.reject(isAbsent(other) ? error : other)),
    );
    shards = index.success ? [...new Set(Object.values(index.data.weight_map))].sort() : [];
    if (shards.length === 0 || !shards.every(isPlainName)) {
      const problem = { what: "checkpoint", where: `${indexPath}: weight_map`, expected: "tensor names with plain file names" };
      throw new InputError({ ...problem, found: shards.join(", ").slice(0, 80) || "none", fix: "download the file again" });
    }
  }
  const files: SafetensorsFile[] = [];
  try {
    for (const name of shards) files.push(await SafetensorsFile.open(join(folder, name)));
    return files;
  } catch (error) {
    await Promise.all(files.map((file) => file.close()));
    throw error;
  }
}
