"""What `apply_chat_template` of transformers writes with chat templates of real models, for compare-templates.mjs.

    python template_reference.py FOLDER TEMPLATE.jinja ...
    node compare-templates.mjs FOLDER

Templates lie, for example, in the source archive of llama-cpp-python (`vendor/llama.cpp/models/templates`). Writes FOLDER/templates.json.
"""
import json
import pathlib
import sys

from transformers.utils.chat_template_utils import render_jinja_template

VARIABLES = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "date_string": "26 Jul 2024"}
CODE = "code_interpreter"
TOOLS = [
    {"type": "function", "function": {"name": CODE, "description": "Runs <code> & returns what it prints, e.g. \"42\"; naïve 数.", "parameters": {"type": "object", "properties": {"code": {"type": "string", "description": "The code\nto run."}}, "required": ["code"]}}},
    {"type": "function", "function": {"name": "solve", "description": "Solves.", "parameters": {"type": "object", "properties": {"n": {"type": "integer", "minimum": -3, "enum": [1, 2, 3]}, "deep": {"type": "array", "items": {"type": ["string", "null"]}, "default": []}, "exact": {"type": "boolean", "default": False, "examples": [None, 0.25]}}, "required": []}}},
]  # fmt: skip


def call(arguments, name=CODE, identifier="a1b2c3d4e"):
    return {"type": "function", "id": identifier, "function": {"name": name, "arguments": arguments}}


def said(role, content, **rest):
    return {"role": role, "content": content, **rest}


ASK = said("user", "  What is 6·7? <b>'\"&</b>\n")
SYSTEM = said("system", "You are\nhelpful. ")
RESULT = said("tool", "42\n", tool_call_id="a1b2c3d4e", name=CODE)
CONVERSATIONS = {
    "question": [ASK],
    "system": [SYSTEM, ASK],
    "empty": [said("user", "")],
    "turns": [SYSTEM, ASK, said("assistant", " It is 42. "), said("user", "Why?\r\n")],
    "answered": [ASK, said("assistant", "It is 42.")],
    "thought": [ASK, said("assistant", "<think>\nsix times seven\n</think>\n\nIt is 42."), said("user", "And 7·8?")],
    "call": [ASK, said("assistant", "", tool_calls=[call({"code": "print(6 * 7)\n// \"é\" <>&'"})])],
    "result": [SYSTEM, ASK, said("assistant", "I compute.", tool_calls=[call({"code": "print(6 * 7)"})]), RESULT],
    "null": [ASK, said("assistant", None, tool_calls=[call({"n": 3, "exact": True, "deep": ["a", None], "x": 0.5})]), RESULT, said("assistant", "It is 42.")],
    "text": [ASK, said("assistant", "", tool_calls=[call('{"code": "1"}')]), RESULT],
    "parallel": [ASK, said("assistant", "", tool_calls=[call({"code": "1"}), call({"n": 2}, "solve", "b1b2c3d4e")]), RESULT, said("tool", "2", tool_call_id="b1b2c3d4e", name="solve")],
    "twice": [ASK, said("assistant", "", tool_calls=[call({"code": "1"})]), RESULT, said("assistant", "", tool_calls=[call({"code": "2"})]), RESULT, said("assistant", "Done."), said("user", "Thanks")],
}  # fmt: skip


def render(template, messages, tools, generation, variables):
    try:
        return {"text": render_jinja_template([messages], tools=tools, chat_template=template, add_generation_prompt=generation, **variables)[0][0]}
    except Exception as error:  # templates refuse what they do not know
        return {"error": f"{type(error).__name__}: {error}"[:200]}


def cases(template):
    for name, messages in CONVERSATIONS.items():
        for tools in (None, TOOLS):
            for generation in (False, True):
                yield {"name": name, "tools": tools is not None, "generation": generation, **render(template, messages, tools, generation, VARIABLES)}
    yield {"name": "question", "tools": False, "generation": True, "thinking": False, **render(template, [ASK], None, True, {**VARIABLES, "enable_thinking": False})}


def main(folder, files):
    templates = [{"name": pathlib.Path(file).stem, "template": (text := pathlib.Path(file).read_text()), "cases": list(cases(text))} for file in files]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "templates.json").write_text(json.dumps({"variables": VARIABLES, "tools": TOOLS, "conversations": CONVERSATIONS, "templates": templates}))


main(pathlib.Path(sys.argv[1]), sys.argv[2:])
