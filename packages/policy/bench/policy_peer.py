"""The work of policy.mjs in PyTorch and transformers. Usage: policy_peer.py <shape as JSON> [repetitions]. Prints one JSON line."""

import json
import resource
import sys
import time

from peer_model import peer_model
import torch
import transformers

shape = json.loads(sys.argv[1])
repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 1
config, work = shape["config"], shape["work"]
model = peer_model(config)
figures = {}


def prompts(rows, length):
    return torch.tensor([[(row * 37 + j * 11) % config["vocabSize"] for j in range(length)] for row in range(rows)])


def timed(run):
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(label, tokens, run):
    results = [run() for _ in range(repetitions + 1)][1:]
    for suffix, values in (("", [wall for wall, _ in results]), ("_cpu", [cpu for _, cpu in results])):
        figures[label + suffix] = float(f"{tokens / max(1e-9, sorted(values)[len(values) // 2]):.3g}")


def generate(ids, new_tokens):
    model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, top_k=0, top_p=1.0, temperature=1.0,
                   min_new_tokens=new_tokens, max_new_tokens=new_tokens, use_cache=True)


def decode(batch):
    """Seconds of the new tokens alone: those of a prompt and its first token are taken off."""
    ids = prompts(batch, work["promptLength"])
    first, all_of_them = timed(lambda: generate(ids, 1)), timed(lambda: generate(ids, work["newTokens"] + 1))
    return all_of_them[0] - first[0], all_of_them[1] - first[1]


model.eval()
with torch.no_grad():
    ids = prompts(work["prefillRows"], work["prefillLength"])
    measure("prefill", ids.numel(), lambda: timed(lambda: model.model(ids, use_cache=True)))
    for batch in (1, 16, 64):
        measure(f"decode_{batch}", batch * work["newTokens"], lambda: decode(batch))

model.train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0)
ids = prompts(work["trainRows"], work["trainLength"])


def step():
    model(ids, labels=ids).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


measure("train", ids.numel(), lambda: timed(step))
peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(json.dumps({"peer": f"torch {torch.__version__}, transformers {transformers.__version__}", "threads": torch.get_num_threads(),
                  **figures, "peak_mib": peak}))
