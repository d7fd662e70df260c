"""The work of memory.mjs in PyTorch and transformers, all weights. Usage: memory_peer.py <shape as JSON> [tokens]. Prints one JSON line."""

import json
import resource
import sys
import time

from peer_model import peer_model
import torch

config = json.loads(sys.argv[1])["config"]
tokens = int(sys.argv[2]) if len(sys.argv) > 2 else 512
LONGEST = 128


def peak():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


program = peak()
model = peer_model(config)
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
