"""The work of decode.mjs in llama.cpp: decode_llama.py FILE.gguf [repetitions]. Prints one JSON line. It needs the package xllamacpp.

A pass of 16 sequences takes several threads' turns in its server, so that the processor time of the whole process is taken, idle waits
aside; a prompt's time is taken off by asking for one token alone.
"""

import concurrent.futures
import json
import resource
import sys
import time
import urllib.request

import xllamacpp

path = sys.argv[1]
repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 2
PROMPT, TOKENS = 32, 64


def serve(parallel):
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.hostnames = ["127.0.0.1"]
    params.port = 18080 + parallel
    params.n_ctx = 128 * parallel
    params.n_parallel = parallel
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    return xllamacpp.Server(params)


def ask(server, row, tokens):
    prompt = [100 + row * 37 + j * 11 for j in range(PROMPT)]
    body = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "ignore_eos": True, "cache_prompt": False}
    request = urllib.request.Request(f"{server.listening_address}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def seconds(server, batch, tokens):
    start = time.process_time()
    with concurrent.futures.ThreadPoolExecutor(batch) as pool:
        list(pool.map(lambda row: ask(server, row, tokens), range(batch)))
    return time.process_time() - start


figures = {"backend": "llama.cpp", "weights": "the file's"}
for batch in (1, 16):
    server = serve(batch)
    times = []
    for _ in range(repetitions + 1):
        first = seconds(server, batch, 1)
        times.append((seconds(server, batch, TOKENS + 1) - first) * 1000 / TOKENS)
    figures[f"batch_{batch}"] = float(f"{sorted(times[1:])[repetitions // 2]:.3g}")
    del server
print(json.dumps({**figures, "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}))
