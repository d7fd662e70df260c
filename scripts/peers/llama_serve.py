"""llama.cpp's server on loopback, with an adapter that it reads again after a second of rest: llama_serve.py MODEL ADAPTER PORT"""

import os
import signal
import sys

import gguf
import numpy as np
import xllamacpp


def first_adapter(path, model):
    """An adapter that changes nothing, of the model's kind: the server wants one to start."""
    field = gguf.GGUFReader(model).fields["general.architecture"]
    file = gguf.GGUFWriter(path, field.contents())
    file.add_type("adapter")
    file.add_string("adapter.type", "lora")
    file.add_float32("adapter.lora.alpha", 1.0)
    file.add_tensor("blk.0.ffn_down.weight.lora_a", np.zeros((1, 128), np.float32))
    file.add_tensor("blk.0.ffn_down.weight.lora_b", np.zeros((64, 1), np.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


model, adapter, port = sys.argv[1:]
if not os.path.exists(adapter):
    first_adapter(adapter, model)
params = xllamacpp.CommonParams()
params.model.path = model
params.hostnames = ["127.0.0.1"]
params.port = int(port)
params.n_ctx = 2048
params.n_parallel = 4
params.cpuparams.n_threads = 2
params.warmup = False
params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(adapter, 1.0)]
params.sleep_idle_seconds = 1
# Single precision throughout, so that log-probabilities can be compared.
params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
server = xllamacpp.Server(params)
print("listening on", server.listening_address, flush=True)
signal.sigwait({signal.SIGINT, signal.SIGTERM})
