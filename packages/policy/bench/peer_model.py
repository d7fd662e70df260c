"""A model in transformers of a shape in shapes.mjs, with random weights. Importing it keeps libraries off the network."""

import os

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", CUDA_VISIBLE_DEVICES="")
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM


def peer_model(config):
    """The model of a `config` as shapes.mjs has it."""
    Config, Model = {"llama": (LlamaConfig, LlamaForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM)}[config["modelType"]]
    torch.manual_seed(1)
    return Model(Config(
        vocab_size=config["vocabSize"], hidden_size=config["hiddenSize"], intermediate_size=config["intermediateSize"],
        num_hidden_layers=config["layers"], num_attention_heads=config["heads"], num_key_value_heads=config["kvHeads"],
        max_position_embeddings=config["maxPositions"], rms_norm_eps=config["rmsNormEpsilon"], tie_word_embeddings=True,
        bos_token_id=None, eos_token_id=None, pad_token_id=None))
