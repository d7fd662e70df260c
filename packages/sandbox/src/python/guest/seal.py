"""Takes the bridge to JavaScript out of a loaded Pyodide, and leaves the runner's `begin` and `turn`."""

import asyncio
import gc
import sys
import time


class _Refusal:
    """Says no at once; the wall itself is that the host ends a run which uses the bridge."""

    def __init__(self, is_refused):
        self.is_refused = is_refused

    def find_spec(self, name, path=None, target=None):
        if self.is_refused(name):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def seal():
    bridge = ("js", "pyodide", "_pyodide", "pyodide_js", "_pyodide_core", "_ctypes", "ctypes", "micropip", "webbrowser")
    is_bridge = lambda name: name.split(".")[0] in bridge
    loop = sys.modules["pyodide.webloop"]
    asyncio.run, time.sleep = loop._orig_run, loop._orig_sleep
    modules = [module for name, module in list(sys.modules.items()) if is_bridge(name)]
    for name in [name for name in sys.modules if is_bridge(name)]:
        del sys.modules[name]
    home = lambda item: getattr(item, "__module__", None) or type(item).__module__
    sys.meta_path[:] = [_Refusal(is_bridge), *(finder for finder in sys.meta_path if not is_bridge(home(finder)))]
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if not is_bridge(home(hook))]
    for module in modules:
        try:
            vars(module).clear()
        except TypeError:
            pass
    gc.collect()
