"""Drives a server with the official `tinker` SDK and prints what it saw as one line of JSON. Usage: drive_sdk.py BASE_URL MODEL"""
import json
import logging
import sys
import warnings

warnings.filterwarnings("ignore")
import tinker  # noqa: E402
from tinker import types  # noqa: E402

logging.disable(logging.CRITICAL)
base_url, model = sys.argv[1], sys.argv[2]
seen = {"sdk": tinker.__version__}
service = tinker.ServiceClient(base_url=base_url, api_key="tml-secret")
seen["models"] = [m.model_name for m in service.get_server_capabilities().supported_models]
training = service.create_lora_training_client(base_model=model, rank=8, seed=1)
ids = [257, *b"2+2=4, 3+3=6.", 258]


def tensor(data, dtype="float32"):
    return types.TensorData(data=data, dtype=dtype, shape=[len(data)])


def datum(tokens, prompt=5, **inputs):
    n = len(tokens) - 1
    given = {"target_tokens": tensor(tokens[1:], "int64"), **(inputs or {"weights": tensor([0.0] * (prompt - 1) + [1.0] * (n - prompt + 1))})}
    return types.Datum(model_input=types.ModelInput.from_ints(tokens[:-1]), loss_fn_inputs=given)


# Supervised: the steps are sent before the results of the ones before them are read.
pending = []
for _ in range(20):
    pending.append((training.forward_backward([datum(ids), datum(ids[:9])], "cross_entropy"), training.optim_step(types.AdamParams(learning_rate=5e-3, eps=1e-8))))
results = [(a.result(), b.result()) for a, b in pending]
seen["losses"] = [a.metrics["loss:sum"] for a, _ in results]
seen["gradNorms"] = [b.metrics["grad_norm"] for _, b in results]

forward = training.forward([datum(ids)], "cross_entropy").result()
lp = list(forward.loss_fn_outputs[0]["logprobs"].data)
n = len(lp)
policy = datum(ids, logprobs=tensor(lp), advantages=tensor([0.0] * 4 + [1.0] * (n - 4)))
for loss in ["importance_sampling", "ppo", "cispo"]:
    seen[loss] = training.forward_backward([policy], loss).result().metrics["loss:sum"]
training.optim_step(types.AdamParams(learning_rate=1e-4)).result()

# A large batch comes in chunks, in parallel and out of order.
wide = [datum(ids) for _ in range(2100)]
big = training.forward(wide, "cross_entropy").result()
seen["big"] = len(big.loss_fn_outputs)
seen["bigSum"] = big.metrics["loss:sum"]
one = training.forward([datum(ids)], "cross_entropy").result()
seen["oneSum"] = one.metrics["loss:sum"]

try:
    training.forward_backward([datum([*ids[:-1], 99999])], "cross_entropy").result()
    seen["badId"] = "taken"
except Exception as error:
    seen["badId"] = str(error)[:400]
try:
    training.optim_step(types.AdamParams(learning_rate=1e-4)).result()
    seen["afterBadId"] = "taken"
except Exception as error:
    seen["afterBadId"] = str(error)[:400]

sampler = training.save_weights_and_get_sampling_client()
prompt = types.ModelInput.from_ints(ids[:5])
params = types.SamplingParams(max_tokens=12, temperature=4.0, seed=3, stop=[258])
drawn = [sampler.sample(prompt=prompt, num_samples=3, sampling_params=params, include_prompt_logprobs=True, topk_prompt_logprobs=2).result() for _ in range(2)]
seen["samples"] = [[list(s.tokens) for s in d.sequences] for d in drawn]
seen["promptLogprobs"] = len(drawn[0].prompt_logprobs)
seen["topk"] = [row if row is None else len(row) for row in drawn[0].topk_prompt_logprobs]
greedy = sampler.sample(prompt=prompt, num_samples=1, sampling_params=types.SamplingParams(max_tokens=12, temperature=0.0)).result().sequences[0]
seen["greedy"] = bytes(t for t in greedy.tokens if t < 256).decode("utf-8", "replace")
text = sampler.sample(prompt=prompt, num_samples=1, sampling_params=types.SamplingParams(max_tokens=12, temperature=0.0, stop=[","])).result().sequences[0]
seen["stopped"] = [text.stop_reason, bytes(t for t in text.tokens if t < 256).decode("utf-8", "replace")]

state = training.save_state("w1").result().path
before = list(training.forward([datum(ids)], "cross_entropy").result().loss_fn_outputs[0]["logprobs"].data)
resumed = service.create_training_client_from_state_with_optimizer(state)
after = list(resumed.forward([datum(ids)], "cross_entropy").result().loss_fn_outputs[0]["logprobs"].data)
seen["resumed"] = before == after
named = training.save_weights_for_sampler("s1").result().path
seen["sampledFromPath"] = len(service.create_sampling_client(model_path=named).sample(prompt=prompt, num_samples=1, sampling_params=types.SamplingParams(max_tokens=3, stop=[])).result().sequences[0].tokens)

try:
    import torch

    def loss(data, logprobs):
        value = -sum((l * torch.tensor(d.loss_fn_inputs["weights"].data)).sum() for l, d in zip(logprobs, data))
        return value, {"custom": float(value.detach())}

    training.forward_backward_custom([datum(ids)], loss).result()
    custom = training.optim_step(types.AdamParams(learning_rate=0.0)).result().metrics["grad_norm"]
    training.forward_backward([datum(ids)], "cross_entropy").result()
    plain = training.optim_step(types.AdamParams(learning_rate=0.0)).result().metrics["grad_norm"]
    seen["custom"] = custom / plain
except ImportError:
    pass
print(json.dumps(seen))
