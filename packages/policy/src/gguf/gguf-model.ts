import type { WeightSource } from "../checkpoint/load-weights.js";
import type { TakePiece } from "../checkpoint/piece-reader.js";
import { modelConfigFromGguf, ROPE_DIVISORS } from "./gguf-config.js";
import { GgufFile } from "./gguf-file.js";

const PARTS: Readonly<Record<string, string>> = {
  input_layernorm: "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

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

/** The name in a Hugging Face checkpoint; undefined for what the config took in. A name that is not known stays as it is. */
function checkpointName(name: string): string | undefined {
  if (name === ROPE_DIVISORS) return undefined;
  if (name === "token_embd.weight") return "model.embed_tokens.weight";
  if (name === "output_norm.weight") return "model.norm.weight";
  if (name === "output.weight") return "lm_head.weight";
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const known = Object.keys(PARTS).find((key) => PARTS[key] === part);
  return known === undefined ? name : `model.layers.${layer}.${known}.${kind}`;
}

/** The name in a GGUF file, for messages about a tensor that is missing. */
function ggufName(name: string): string {
  const [, layer, part, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  if (layer === undefined)
    return { "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight" }[name] ?? name;
  return `blk.${layer}.${PARTS[part!] ?? part}.${kind}`;
}

/**
 * Undoes llama.cpp's order of query and key rows in files of the llama architecture. It rotates neighbours (2i, 2i + 1) of a head, this
 * model and Hugging Face's rotate (i, i + headDim/2).
 *
 * @param take - gets the rows one by one
 */
export function unpermuted(take: TakePiece, headDim: number, width: number): TakePiece {
  return (rows, first) => {
    for (let from = 0; from < rows.length; from += width) {
      const row = (first + from) / width;
      const place = row % headDim;
      const target = row - place + (place >> 1) + (place & 1) * (headDim / 2);
      take(rows.subarray(from, from + width), target * width);
    }
  };
}
