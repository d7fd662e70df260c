import { InputError } from "@retool-ts/core";
import { modelConfigFromHuggingFace, type ModelConfig } from "../config.js";
import { ropeFrequencies } from "../ops/rope-frequencies.js";
import type { RopeScaling } from "../rope-scaling.js";
import type { GgufHeader } from "./gguf-header.js";

/** Divisors of the rotary frequencies, `[headDim / 2]`: how llama.cpp stores the scaling of Llama 3. */
export const ROPE_DIVISORS = "rope_freqs.weight";

/** Settings of llama.cpp that this model has not, with the value at which they change nothing. */
const NEUTRAL: Readonly<Record<string, number>> = {
  "rope.scaling.attn_factor": 1,
  "rope.scaling.yarn_attn_factor": 1,
  "rope.scaling.yarn_ext_factor": 1,
  "rope.scaling.yarn_beta_fast": 32,
  "rope.scaling.yarn_beta_slow": 1,
  logit_scale: 1,
  residual_scale: 1,
  embedding_scale: 1,
  attn_logit_softcapping: 0,
  final_logit_softcapping: 0,
  "attention.clamp_kqv": 0,
  "attention.max_alibi_bias": 0,
};

/**
 * Reads the shape of a model out of a GGUF file's metadata.
 *
 * @param divisors - values of {@link ROPE_DIVISORS}, where the file has it
 * @throws InputError naming the metadata that is missing, or asks for something this model does not have.
 */
export function modelConfigFromGguf({ metadata, tensors }: GgufHeader, divisors: Float32Array | undefined, where: string): ModelConfig {
  const architecture = metadata.get("general.architecture");
  if (architecture !== "llama" && architecture !== "qwen2" && architecture !== "qwen3") {
    throw refused(`${where}: general.architecture`, "llama, qwen2 or qwen3", String(architecture));
  }
  const optional = (name: string): number | undefined => {
    const value = metadata.get(`${architecture}.${name}`);
    if (value === undefined || typeof value === "number") return value;
    throw refused(`${where}: ${architecture}.${name}`, "one number", typeof value);
  };
  const needed = (name: string): number => {
    const value = optional(name);
    if (value === undefined) throw refused(`${where}: ${architecture}.${name}`, "a number", "nothing");
    return value;
  };
  if (optional("expert_count")) throw refused(`${where}: ${architecture}.expert_count`, "a model without experts", "experts");
  const window = optional("attention.sliding_window") ?? 0;
  const positions = needed("context_length");
  if (window > 0 && window < positions) {
    throw refused(`${where}: ${architecture}.attention.sliding_window`, "none", String(window));
  }
  const hidden = needed("embedding_length");
  const heads = needed("attention.head_count");
  const headDim = optional("attention.key_length") ?? hidden / heads;
  const rotated = optional("rope.dimension_count") ?? headDim;
  if (rotated !== headDim) throw refused(`${where}: ${architecture}.rope.dimension_count`, `${headDim}, the head size`, String(rotated));
  const values = optional("attention.value_length") ?? headDim;
  if (values !== headDim) throw refused(`${where}: ${architecture}.attention.value_length`, `${headDim}, the head size`, String(values));
  for (const [name, neutral] of Object.entries(NEUTRAL)) {
    const value = optional(name) ?? neutral;
    if (value !== neutral) throw refused(`${where}: ${architecture}.${name}`, `${neutral}, or nothing`, String(value));
  }
  // As in llama.cpp: the type is linear where none is named, and older files have the factor by another name; 0 is none.
  const scalingType = metadata.get(`${architecture}.rope.scaling.type`) ?? "linear";
  const factor = optional("rope.scaling.factor") ?? optional("rope.scale_linear") ?? 0;
  const isScaled = scalingType !== "none" && (scalingType !== "linear" || (factor !== 0 && factor !== 1));
  const scaling = {
    rope_type: scalingType,
    factor: factor === 0 ? undefined : factor,
    original_max_position_embeddings: optional("rope.scaling.original_context_length"),
  };
  const config = modelConfigFromHuggingFace(
    {
      model_type: architecture,
      vocab_size: tensors.get("token_embd.weight")?.shape[0],
      hidden_size: hidden,
      intermediate_size: needed("feed_forward_length"),
      num_hidden_layers: needed("block_count"),
      num_attention_heads: heads,
      num_key_value_heads: optional("attention.head_count_kv"),
      head_dim: headDim,
      max_position_embeddings: positions,
      rms_norm_eps: shortest(needed("attention.layer_norm_rms_epsilon")),
      rope_theta: shortest(optional("rope.freq_base") ?? 10_000),
      ...(isScaled ? { rope_scaling: scaling } : {}),
      tie_word_embeddings: !tensors.has("output.weight"),
      attention_bias: tensors.has("blk.0.attn_q.bias"),
    },
    where,
  );
  return divisors === undefined ? config : { ...config, ropeScaling: llama3Scaling(config, divisors, where) };
}

/** The number with the fewest digits that this 32-bit float stands for: 1e-5 instead of 9.999999747378752e-06. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === Math.fround(value)) return candidate;
  }
  return value;
}

/** Finds the Llama 3 scaling that has these divisors: all published models differ in the factor alone, which is the largest divisor. */
function llama3Scaling(config: ModelConfig, divisors: Float32Array, where: string): RopeScaling {
  const factor = shortest(divisors.reduce((largest, divisor) => Math.max(largest, divisor), 0));
  const scaling = { type: "llama3", factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 } as const;
  const plain = ropeFrequencies(config.headDim, config.ropeTheta, undefined);
  const scaled = ropeFrequencies(config.headDim, config.ropeTheta, scaling);
  const equal = divisors.length === plain.length && divisors.every((divisor, i) => Math.abs((divisor * scaled[i]!) / plain[i]! - 1) < 1e-3);
  if (equal && config.ropeScaling === undefined) return scaling;
  throw refused(`${where}: tensor ${ROPE_DIVISORS}`, "the divisors of Llama 3's scaled positions", "others");
}

function refused(where: string, expected: string, found: string): InputError {
  return new InputError({ what: "GGUF file", where, expected, found, fix: "use a Llama, Mistral, Qwen2 or Qwen3 decoder" });
}
