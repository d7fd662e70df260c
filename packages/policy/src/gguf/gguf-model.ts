import type { WeightSource } from "../checkpoint/load-weights.js";
import type { TakePiece } from "../checkpoint/piece-reader.js";
import { modelConfigFromGguf, ROPE_DIVISORS } from "./gguf-config.js";
import { GgufFile } from "./gguf-file.js";
import { checkpointName, ggufName } from "./gguf-names.js";
import { rowFromGguf } from "./head-order.js";

/**
 * Opens a GGUF file as a source of checkpoint tensors.
 *
 * @throws InputError when the file is missing, malformed, or of another kind of model.
 */
export async function openGgufModel(path: string): Promise<WeightSource> {
  const file = await GgufFile.open(path);
  try {
    const { tensors, metadata } = file.header;
    const divisors = tensors.get(ROPE_DIVISORS);
    const config = modelConfigFromGguf(file.header, divisors && (await file.read(ROPE_DIVISORS, divisors.shape)), path);
    const llama = metadata.get("general.architecture") === "llama";
    const checkpointNames = new Map([...tensors.keys()].map((name) => [checkpointName(name), name]));
    checkpointNames.delete(undefined);
    return {
      config,
      place: path,
      names: [...checkpointNames.keys()].map((name) => name!),
      shapeOf: (name) => tensors.get(checkpointNames.get(name) ?? "")?.shape,
      readPieces(name, shape, take) {
        const permuted = llama && /\.self_attn\.[qk]_proj\./.test(name);
        const takeRows = permuted ? unpermuted(take, config.headDim, shape[1] ?? 1) : take;
        return file.readPieces(checkpointNames.get(name) ?? ggufName(name), shape, takeRows);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Undoes llama.cpp's order of query and key rows; see `rowInGguf`.
 *
 * @param take - gets the rows one by one
 */
export function unpermuted(take: TakePiece, headDim: number, width: number): TakePiece {
  return (rows, first) => {
    for (let from = 0; from < rows.length; from += width) {
      take(rows.subarray(from, from + width), rowFromGguf((first + from) / width, headDim) * width);
    }
  };
}
