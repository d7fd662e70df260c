import { meteredModule, WORK_LEFT } from "../engine/metered-module.js";
import { WorkCounter } from "../engine/work-counter.js";
import type { EngineInstance } from "../web-assembly.js";
import { EngineSymbols } from "./engine-symbols.js";
import { LinkedModules, withoutMeter, type LinkListener } from "./linked-modules.js";

/** Emscripten's way to instantiate the engine. */
type Instantiate = (
  bytes: ArrayBuffer | Uint8Array,
  imports: { readonly env: Record<string, unknown> },
) => Promise<{ readonly module: unknown; readonly instance: EngineInstance }>;

type Import = (...args: number[]) => unknown;

/** Imports of the engine that a sealed world may call as they are: reading files of its own, clocks, memory, calls inside. */
const OPEN =
  /^(?:invoke_\w+|__syscall_(?:fcntl64|ioctl|faccessat|dup|dup3|fstat64|stat64|newfstatat|lstat64|getcwd|getdents64|poll|fadvise64|readlinkat|_newselect|statfs64|fstatfs64)|clock_\w+|environ_\w+|fd_(?:close|read|write|seek|pread|fdstat_get|sync)|random_get|proc_exit|exit|_Py_CheckEmscriptenSignals_Helper|_Py_emscripten_runtime|_PyEM_\w+|_tzset_js|_timegm_js|_mktime_js|_localtime_js|_gmtime_js|_munmap_js|_mmap_js|emscripten_date_now|emscripten_get_now|emscripten_get_heap_max|emscripten_resize_heap|_emscripten_get_progname|__call_sighandler|emscripten_runtime_keepalive_\w+|_emscripten_runtime_keepalive_clear|JsvArray_Get|js2python_js|JsvNoValue_Check|_python2js_ucs1|can_run_sync_js|throw_no_gil|__hiwire_deduplicate_\w+|_setitimer_js|_emscripten_lookup_name|getnameinfo|getprotobyname|getaddrinfo)$/;

/** Work of a call that leaves the engine: most are steps between two functions of Python. */
const IMPORT_WORK = 30;

/** Work of a call to the file system. */
const FILE_WORK = 1_000n;

const EACCES = 2;
const EINVAL = 28;
const EMFILE = 33;
const ENOSYS = 52;
const EROFS = 69;

/** System calls that are answered with an error: whatever would write a file, or leave the process. */
const REFUSED: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ["chmod", "fchmod", "fchmodat2", "fchownat", "fchown32", "ftruncate64", "truncate64", "mkdirat", "mknodat", "unlinkat"].map((name) => [
      name,
      EROFS,
    ]),
  ),
  ...Object.fromEntries(["rmdir", "renameat", "symlinkat", "utimensat", "fallocate", "fdatasync"].map((name) => [name, EROFS])),
  ...Object.fromEntries(["accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen"].map((name) => [name, EACCES])),
  ...Object.fromEntries(["recvfrom", "recvmsg", "sendmsg", "sendto", "socket", "chdir", "fchdir"].map((name) => [name, EACCES])),
  pipe: EMFILE,
};

const F_SETFL = 4;
const PROT_WRITE = 2;
const O_WRITES = 0o3 | 0o100 | 0o1000; // write access, O_CREAT, O_TRUNC

/**
 * Stands between the engine and what it imports. Once sealed, only the imports that running Python needs are open: those of
 * the bridge to JavaScript end the run, those that would change files or reach a network give an error.
 */
export class PyodideGate {
  #isSealed = false;
  #linked: LinkedModules | undefined;
  #engine: { readonly imports: Readonly<Record<string, unknown>>; readonly instance: EngineInstance } | undefined;
  #work: WorkCounter | undefined;
  readonly #onForbidden: (name: string) => never;

  constructor(onForbidden: (name: string) => never) {
    this.#onForbidden = onForbidden;
  }

  /** Puts the gate before the imports of the next module that is instantiated, and a counter of work into its code. */
  install(onCounter: (work: WorkCounter) => void): void {
    const wasm = (globalThis as unknown as { WebAssembly: { instantiate: Instantiate } }).WebAssembly;
    const instantiate = wasm.instantiate;
    wasm.instantiate = async (bytes, imports) => {
      this.#wrap(imports.env);
      wasm.instantiate = instantiate;
      const { module, instance } = await instantiate.call(wasm, meteredModule(new Uint8Array(bytes), { importWork: IMPORT_WORK }), imports);
      this.#work = new WorkCounter(instance);
      onCounter(this.#work);
      this.#linked = new LinkedModules(this.#work, { importWork: IMPORT_WORK });
      this.#engine = { imports: imports.env, instance: withoutMeter(instance) };
      return { module, instance: this.#engine.instance };
    };
  }

  /** What modules can import from the started engine. */
  symbols(): EngineSymbols {
    const { imports, instance } = this.#engine!;
    return new EngineSymbols(imports, instance);
  }

  /** Tells of each module that is linked from now on. */
  listen(listener: LinkListener): void {
    this.#linked!.listener = listener;
  }

  /** Counts the work of a module that is linked by other ways than the engine's. */
  count(instance: EngineInstance): void {
    if (WORK_LEFT in instance.exports) this.#work!.add(instance);
  }

  /** Puts WebAssembly back as it was: no more modules are linked. */
  close(): void {
    this.#linked?.close();
  }

  seal(): void {
    this.#isSealed = true;
  }

  #wrap(imports: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(imports)) {
      if (typeof value !== "function") continue;
      const narrowed = this.#narrowed(name, value as Import);
      if (narrowed !== undefined) imports[name] = Object.assign(narrowed, value);
      else if (!OPEN.test(name)) imports[name] = Object.assign(this.#guarded(name, value as Import), value);
    }
  }

  /** Calls that are open in part: none may change a file, which all worlds of the process read. */
  #narrowed(name: string, open: Import): Import | undefined {
    const paid =
      (call: Import): Import =>
      (...args) => {
        if (!this.#isSealed) return open(...args);
        this.#work!.spend(FILE_WORK);
        return call(...args);
      };
    switch (name) {
      case "__syscall_fcntl64":
        return paid((...args) => (args[1] === F_SETFL ? -EINVAL : open(...args)));
      case "_munmap_js": // (address, length, protection, …): what was mapped for writing would be written back
        return paid((...[address, length, protection, ...rest]) => open(address!, length!, protection! & ~PROT_WRITE, ...rest));
      default:
        return OPEN.test(name) && /^(?:__syscall_|fd_|_mmap_js)/.test(name) ? paid(open) : undefined;
    }
  }

  #guarded(name: string, open: Import): Import {
    const call = name.startsWith("__syscall_") ? name.slice("__syscall_".length) : undefined;
    if (call === "openat") {
      return (...args) => (this.#isSealed && (args[2]! & O_WRITES) !== 0 ? -EROFS : open(...args));
    }
    const refusal = call === undefined ? undefined : (REFUSED[call] ?? ENOSYS);
    return (...args) => {
      if (!this.#isSealed) return open(...args);
      if (refusal !== undefined) return -refusal;
      if (name === "emscripten_system" || name === "_emscripten_system") return args[0] === 0 ? 0 : -ENOSYS;
      return this.#onForbidden(name);
    };
  }
}
