import { InputError } from "@retool-ts/core";
import { modelConfigFromHuggingFace, modelConfigToHuggingFace, type ModelConfig } from "../config.js";
import type { Parameters } from "../parameters.js";
import { checkFinite } from "./check-finite.js";
import { tensorsToWrite } from "./checkpoint-layout.js";
import { encodeFloats, STORED_TYPES, type FloatType } from "./float-type.js";
import { loadWeights } from "./load-weights.js";
import {
  decodeFloats,
  encodeSafetensorsHeader,
  entryOf,
  parseSafetensorsHeader,
  sortedByName,
  type SafetensorsHeader,
} from "./safetensors.js";

/** Contents of a checkpoint folder beside the weights. */
export interface SaveModelOptions {
  readonly eosTokenId?: number | undefined;
  readonly padTokenId?: number | undefined;
  /** Type of the stored weights; narrower ones are rounded to nearest, ties to even. Default: `float32`. */
  readonly dtype?: FloatType;
  /** Fate of an adapter: added to the weights, or left out. Default: `merge`. */
  readonly adapter?: "merge" | "omit";
  /** Further text files of the folder by name, such as `tokenizer.json`. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Files of a model folder by name. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

const CONFIG = "config.json";
const WEIGHTS = "model.safetensors";

/**
 * A model as the files of a Hugging Face folder, in memory: what `saveModel` of `@retool-ts/policy/node` writes, byte for byte.
 */
export async function modelToFiles(parameters: Parameters, options: SaveModelOptions = {}): Promise<ModelFiles> {
  const { files = {}, dtype = "float32", adapter = "merge", ...tokens } = options;
  const tensors = sortedByName(tensorsToWrite(parameters, adapter));
  const parts = [encodeSafetensorsHeader(tensors, { format: "pt" }, STORED_TYPES[dtype])];
  for (const { values } of tensors) parts.push(encodeFloats(await values(), dtype));
  const texts = { ...files, [CONFIG]: configText(parameters.config, dtype, tokens) };
  const encoder = new TextEncoder();
  return {
    ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, encoder.encode(text)])),
    [WEIGHTS]: joined(parts),
  };
}

/**
 * Reads a model out of the files of a Hugging Face folder, `config.json` and `model.safetensors`, in memory: where there are no folders, as in
 * a browser.
 *
 * @returns parameters that the caller disposes of
 * @throws InputError naming the file or tensor that is missing, malformed, of another shape, or that this model has no place for.
 */
export async function modelFromFiles(files: ModelFiles): Promise<Parameters> {
  const bytes = fileOf(files, WEIGHTS);
  const header = parseSafetensorsHeader(bytes, bytes.length, WEIGHTS);
  const config = modelConfigFromHuggingFace(parsed(fileOf(files, CONFIG)), CONFIG);
  return loadWeights({
    config: config.tiedEmbeddings && hasOwnHead(bytes, header) ? { ...config, tiedEmbeddings: false } : config,
    place: WEIGHTS,
    names: [...header.entries.keys()],
    shapeOf: (name) => header.entries.get(name)?.shape,
    readPieces: async (name, shape, take) => {
      const where = `${WEIGHTS}: tensor ${name}`;
      const { dtype, start, end } = entryOf(header, name, shape, where);
      const floats = decodeFloats(bytes.subarray(start, end), dtype, where);
      checkFinite(floats, 0, where);
      take(floats, 0);
    },
    close: async () => {},
  });
}

/** True for a head of other values than the embedding's, which then stands although the config ties the two: as in `transformers`. */
function hasOwnHead(bytes: Uint8Array, { entries }: SafetensorsHeader): boolean {
  const [head, embedding] = [entries.get("lm_head.weight"), entries.get("model.embed_tokens.weight")];
  if (head === undefined || embedding === undefined) return head !== undefined;
  const [own, shared] = [head, embedding].map(({ start, end }) => bytes.subarray(start, end)) as [Uint8Array, Uint8Array];
  return own.length !== shared.length || own.some((byte, i) => byte !== shared[i]);
}

/** The text of `config.json`. */
export function configText(config: ModelConfig, dtype: FloatType, tokens: Pick<SaveModelOptions, "eosTokenId" | "padTokenId">): string {
  return `${JSON.stringify({ ...modelConfigToHuggingFace(config, tokens), torch_dtype: dtype }, null, 2)}\n`;
}

function fileOf(files: ModelFiles, name: string): Uint8Array {
  const file = files[name];
  if (file !== undefined) return file;
  const problem = { what: "checkpoint", where: name, expected: "a file", found: "none", fix: "give all files of the model's folder" };
  throw new InputError(problem);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    const found = error instanceof Error ? error.message.slice(0, 100) : "something else";
    throw new InputError({ what: "checkpoint", where: CONFIG, expected: "JSON", found, fix: "copy or download the file again" });
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}
