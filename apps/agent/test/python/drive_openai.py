"""Drives a server with the official openai client: `drive_openai.py BASE_URL ROLLOUT_URL`. Prints one line of JSON: what it saw.

The scripted policy answers by the last message: "calls" with two calls at once, "long" with many words, anything else with "Hello wörld!".
"""
import json
import sys

import openai

base, rollout = sys.argv[1:3]
client = openai.OpenAI(base_url=base, api_key="key", max_retries=0)
TOOLS = [{"type": "function", "function": {"name": "lookup", "parameters": {"type": "object", "properties": {"key": {"type": "string"}}}}}]


def ask(text, **more):
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}], **more)


seen = {"sdk": openai.__version__, "models": [model.id for model in client.models.list()]}

plain = ask("Hi")
seen["plain"] = [plain.choices[0].message.content, plain.choices[0].finish_reason, plain.usage.total_tokens > 0]

chunks = list(ask("Hi", stream=True, stream_options={"include_usage": True}))
seen["streamed"] = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
seen["streamedUsage"] = chunks[-1].usage.completion_tokens == plain.usage.completion_tokens

called = ask("calls", tools=TOOLS).choices[0]
seen["parallel"] = [called.finish_reason, [[call.function.name, json.loads(call.function.arguments)] for call in called.message.tool_calls]]
with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "calls"}], tools=TOOLS) as stream:
    for _ in stream:
        pass
    final = stream.get_final_completion().choices[0].message
seen["parallelStreamed"] = [json.loads(call.function.arguments) for call in final.tool_calls]
seen["refusedParallel"] = len(ask("calls", tools=TOOLS, parallel_tool_calls=False).choices[0].message.tool_calls)

seen["n"] = len({choice.index for choice in ask("Hi", n=3).choices})

scored = ask("Hi", logprobs=True).choices[0].logprobs.content
seen["logprobs"] = ["".join(token.token for token in scored[:-1]), all(token.logprob < 0 for token in scored)]

stream = ask("long", stream=True)
for number, _ in enumerate(stream):
    if number == 3:
        stream.close()
        break
seen["aborted"] = True


def error_of(make):
    try:
        make()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return None


seen["errors"] = {
    "field": error_of(lambda: ask("Hi", temperature=99)),
    "unsupported": error_of(lambda: ask("Hi", frequency_penalty=1)),
    "alternatives": error_of(lambda: ask("Hi", logprobs=True, top_logprobs=2)),
    "context": error_of(lambda: ask("long " * 5_000)),
    "contextStreamed": error_of(lambda: list(ask("long " * 5_000, stream=True))),
    "key": error_of(lambda: client.with_options(api_key="wrong").models.list()),
    "model": error_of(lambda: client.models.retrieve("other")),
    "call": error_of(lambda: ask("Hi", tools=TOOLS, tool_choice="required")),
}

# An agent's loop in a recorded rollout: calls, results, an answer.
agent = client.with_options(base_url=rollout)
messages = [{"role": "user", "content": "calls"}]
for _ in range(3):
    message = agent.chat.completions.create(model="m", messages=messages, tools=TOOLS).choices[0].message
    messages.append(message)
    for call in message.tool_calls or []:
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "4"})
    if not message.tool_calls:
        messages.append({"role": "user", "content": "Thanks"})
seen["turns"] = sum(1 for message in messages if not isinstance(message, dict))

print(json.dumps(seen))
