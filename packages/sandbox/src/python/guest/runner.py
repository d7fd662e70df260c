"""Runs cells of one world as a REPL does. The same file serves both interpreters; nothing here is out of the guest's reach,
so whatever it reports is the guest's word about itself."""

import ast
import asyncio
import builtins
import hashlib
import importlib.machinery
import io
import json
import linecache
import os
import random
import site
import sys
import time
import traceback
import types

_USUAL = (
    "bisect cmath collections copy dataclasses datetime decimal enum fractions functools heapq itertools math numbers operator "
    "pprint re statistics string textwrap typing"
).split()
_CELL = "<cell "
_MAX_TEXT = 4_000
_TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_COROUTINE = 0x80
_encode = json.JSONEncoder(ensure_ascii=True).encode


_seed = random.Random.seed


class _Selector:
    """Waits in virtual time: what sleeps, sleeps at once."""

    def select(self, timeout):
        if timeout is None:
            raise RuntimeError("the awaited future is never done")
        if timeout > 0:
            time.sleep(timeout)
        return []


class _Loop(asyncio.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = _Selector()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass


class _Policy(asyncio.DefaultEventLoopPolicy):
    _loop_factory = _Loop


def _stream(descriptor):
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True)


class _Entropy:
    """Stands in for the system's random bytes, so that equal seeds give equal runs."""

    def __init__(self, seed):
        self.seed = seed
        self.calls = 0

    def bytes(self, size):
        if size < 0:
            raise ValueError("negative argument not allowed")
        self.calls += 1
        return hashlib.shake_256(b"%d %d" % (self.seed, self.calls)).digest(size)


def prepare(folder):
    """Makes the wheels of a folder importable, and imports the usual modules and the wheels' own, so that no cell waits for them."""
    wheels = sorted(name for name in os.listdir(folder) if name.endswith(".whl"))
    sys.path.extend(f"{folder}/{name}" for name in wheels)
    for name in _USUAL + [name.split("-")[0] for name in wheels]:
        try:
            __import__(name)
        except Exception:
            pass
    begin(0)
    turn("sum(range(3)); 1/0", 1, 100)


def import_installed():
    """Imports what is in the folders for packages, with each module of native code, so that no cell loads code."""
    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    for folder in site.getsitepackages():
        names = []
        for place, _, files in os.walk(folder):
            parts = os.path.relpath(place, folder).split(os.sep) if place != folder else []
            if any(part in ("tests", "testing", "__pycache__") or "." in part or "-" in part for part in parts):
                continue
            if len(parts) == 1 and "__init__.py" in files:
                names.append(parts[0])
            modules = [file[: -len(next(suffix for suffix in suffixes if file.endswith(suffix)))] for file in files if file.endswith(".so")]
            names += [".".join([*parts, name]) for name in modules]
            if not parts:
                names += [file[:-3] for file in files if file.endswith(".py")]
        for name in sorted(names):
            try:
                importlib.import_module(name)
            except Exception:
                pass


def begin(seed):
    """Makes the interpreter's world: an empty `__main__`, streams, random numbers."""
    module = types.ModuleType("__main__")
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    sys.argv = [""]
    entropy = _Entropy(int(seed))
    os.urandom = random._urandom = entropy.bytes
    random.Random.seed = lambda self, a=None, version=2: _seed(self, int.from_bytes(entropy.bytes(32)) if a is None else a, version)
    random.seed(int(seed))
    if "numpy.random" in sys.modules:  # it was imported before the seed was known
        sys.modules["numpy.random"].seed(int(seed) % 2**32)
    asyncio._set_running_loop(None)
    asyncio.set_event_loop_policy(_Policy())


def turn(code, cell, output_chars):
    """Runs one cell and gives its report as ASCII JSON."""
    sys.stdout, sys.stderr, sys.stdin = _stream(1), _stream(2), io.StringIO()
    file = f"{_CELL}{cell}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    try:
        value = _evaluate(code, file)
        if value is None:
            return '{"kind":"ok"}'
        text = repr(value)
        builtins._ = value
        return _encode({"kind": "ok", "value": text[: output_chars + 1]})
    except KeyboardInterrupt:
        return '{"kind":"error","name":"KeyboardInterrupt","message":""}'
    except BaseException as error:
        return _report(error, file)


def _evaluate(code, file):
    tree = compile(code, file, "exec", ast.PyCF_ONLY_AST | _TOP_LEVEL_AWAIT, dont_inherit=True)
    world = sys.modules["__main__"].__dict__
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) and not code.rstrip().endswith(";") else None
    if tree.body:
        _execute(compile(tree, file, "exec", _TOP_LEVEL_AWAIT, dont_inherit=True), world)
    if last is None:
        return None
    return _execute(compile(ast.Expression(last.value), file, "eval", _TOP_LEVEL_AWAIT, dont_inherit=True), world)


def _execute(compiled, world):
    result = eval(compiled, world)
    if not compiled.co_flags & _COROUTINE:
        return result
    loop = _Loop()
    try:
        return loop.run_until_complete(result)
    finally:
        loop.close()


def _report(error, file):
    try:
        kind = {MemoryError: "oom", RecursionError: "stack"}.get(type(error))
        if kind is not None:  # the frames of a deep recursion take longer to write down than it took, and nobody reads them
            return f'{{"kind":"{kind}"}}'
        shown = traceback.TracebackException(type(error), error, error.__traceback__)
        line, column = _place(error, file)
        _keep_cells(shown, set())
        message = "".join(shown.format_exception_only()) if isinstance(error, SyntaxError) else _text(error)
        return _encode(
            {
                "kind": "error",
                "name": _name(type(error)),
                "message": (error.msg or "" if isinstance(error, SyntaxError) else message)[:_MAX_TEXT],
                "line": line,
                "column": column,
                "traceback": _cut("".join(shown.format())),
            }
        )
    except MemoryError:  # nothing is left to show the error with
        return '{"kind":"oom"}'
    except BaseException as second:
        return _encode({"kind": "error", "name": _name(type(error)), "message": f"({_name(type(second))} while it was shown)"})


def _text(error):
    try:
        return str(error)
    except BaseException:
        return "<exception str() failed>"


def _name(kind):
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def _place(error, file):
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno, error.offset
    line = column = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
            positions = list(trace.tb_frame.f_code.co_positions())
            start = positions[trace.tb_lasti // 2][2] if trace.tb_lasti >= 0 else None
            column = None if start is None else start + 1
        trace = trace.tb_next
    return line, column


def _keep_cells(shown, seen):
    """Takes the frames of the runner and of libraries out, also from the errors behind this one."""
    if shown is None or id(shown) in seen:
        return
    seen.add(id(shown))
    shown.stack[:] = [frame for frame in shown.stack if frame.filename.startswith(_CELL)]
    for other in (shown.__cause__, shown.__context__, *(getattr(shown, "exceptions", None) or ())):
        _keep_cells(other, seen)


def _cut(text):
    if len(text) <= _MAX_TEXT:
        return text
    head = _MAX_TEXT * 6 // 10
    return f"{text[:head]}\n[...]\n{text[head - _MAX_TEXT :]}"
