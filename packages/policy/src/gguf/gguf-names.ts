import { ROPE_DIVISORS } from "./gguf-config.js";

/** Parts of a layer, as a Hugging Face checkpoint and a GGUF file call them. */
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

/** The name in a Hugging Face checkpoint; undefined for what the config took in. A name that is not known stays as it is. */
export function checkpointName(name: string): string | undefined {
  if (name === ROPE_DIVISORS) return undefined;
  if (name === "token_embd.weight") return "model.embed_tokens.weight";
  if (name === "output_norm.weight") return "model.norm.weight";
  if (name === "output.weight") return "lm_head.weight";
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const known = Object.keys(PARTS).find((key) => PARTS[key] === part);
  return known === undefined ? name : `model.layers.${layer}.${known}.${kind}`;
}

/** The name in a GGUF file, for messages about a tensor that is missing. */
export function ggufName(name: string): string {
  const [, layer, part, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  if (layer === undefined)
    return { "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight" }[name] ?? name;
  return `blk.${layer}.${PARTS[part!] ?? part}.${kind}`;
}
