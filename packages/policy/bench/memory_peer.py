"""The work of memory.mjs in PyTorch and transformers, all weights. Usage: memory_peer.py <shape as JSON> [tokens]. Prints one JSON line."""

import json
import os
import resource
import sys
import time

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", CUDA_VISIBLE_DEVICES="")
import torch
from transformers import LlamaConfig, LlamaForCausalLM

config = json.loads(sys.argv[1])["config"]
tokens = int(sys.argv[2]) if len(sys.argv) > 2 else 512
LONGEST = 128


def peak():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


program = peak()
torch.manual_seed(1)
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=config["vocabSize"], hidden_size=config["hiddenSize"], intermediate_size=config["intermediateSize"],
    num_hidden_layers=config["layers"], num_attention_heads=config["heads"], num_key_value_heads=config["kvHeads"],
    max_position_embeddings=config["maxPositions"], rms_norm_eps=config["rmsNormEpsilon"], tie_word_embeddings=True,
    bos_token_id=None, eos_token_id=None, pad_token_id=None))
model.train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0)
start = time.process_time()
for shorter in (0, 27, 0):
    rows, length = tokens // LONGEST, LONGEST - shorter
    ids = torch.tensor([[(row * 37 + j * 11) % config["vocabSize"] for j in range(length)] for row in range(rows)])
    model(ids, labels=ids).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
print(json.dumps({"peer": "PyTorch", "trained": "all", "tokens": tokens, "peak_mib": peak() - program, "program_mib": program,
                  "cpu_s": round(time.process_time() - start, 1)}))
