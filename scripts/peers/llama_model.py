"""Writes a random decoder of 32-bit floats, with a byte-level vocabulary, as llama.cpp reads it: llama_model.py FILE llama|qwen2|qwen3"""

import sys

import gguf
import numpy as np

VOCAB, HIDDEN, INNER, LAYERS, HEADS, KV_HEADS, HEAD = 272, 64, 128, 2, 4, 2, 16


def vocabulary():
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    signs = [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]
    known = [*signs, *special, "th"]
    padding = [f"[PAD{i}]" for i in range(len(known), VOCAB)]
    kinds = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * 4 + [gguf.TokenType.NORMAL] + [gguf.TokenType.UNUSED] * len(padding)
    return [*known, *padding], kinds


def main(path, architecture):
    random = np.random.default_rng(7)
    file = gguf.GGUFWriter(path, architecture)
    file.add_context_length(512)
    file.add_embedding_length(HIDDEN)
    file.add_block_count(LAYERS)
    file.add_feed_forward_length(INNER)
    file.add_head_count(HEADS)
    file.add_head_count_kv(KV_HEADS)
    file.add_key_length(HEAD)
    file.add_value_length(HEAD)
    file.add_rope_dimension_count(HEAD)
    file.add_rope_freq_base(10_000.0)
    file.add_layer_norm_rms_eps(1e-6)
    file.add_vocab_size(VOCAB)
    tokens, kinds = vocabulary()
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(tokens)
    file.add_token_types(kinds)
    file.add_token_merges(["t h"])
    file.add_bos_token_id(256)
    file.add_eos_token_id(258)
    file.add_add_bos_token(False)

    def add(name, *shape):
        file.add_tensor(name, (0.3 * random.standard_normal(shape)).astype(np.float32))

    def add_ones(name, size):
        file.add_tensor(name, np.ones(size, np.float32))

    add("token_embd.weight", VOCAB, HIDDEN)
    add_ones("output_norm.weight", HIDDEN)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        add_ones(block + "attn_norm.weight", HIDDEN)
        add_ones(block + "ffn_norm.weight", HIDDEN)
        for part, outputs in (("attn_q", HEADS * HEAD), ("attn_k", KV_HEADS * HEAD), ("attn_v", KV_HEADS * HEAD)):
            add(f"{block}{part}.weight", outputs, HIDDEN)
            if architecture == "qwen2":
                add(f"{block}{part}.bias", outputs)
        if architecture == "qwen3":
            add_ones(block + "attn_q_norm.weight", HEAD)
            add_ones(block + "attn_k_norm.weight", HEAD)
        add(block + "attn_output.weight", HIDDEN, HEADS * HEAD)
        add(block + "ffn_gate.weight", INNER, HIDDEN)
        add(block + "ffn_up.weight", INNER, HIDDEN)
        add(block + "ffn_down.weight", HIDDEN, INNER)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


main(*sys.argv[1:])
