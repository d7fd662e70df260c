import { meteredModule, WORK_LEFT, type MeteredModuleOptions } from "../engine/metered-module.js";
import type { WorkCounter } from "../engine/work-counter.js";
import type { EngineInstance } from "../web-assembly.js";

type Construct = new (...args: never[]) => object;

interface WebAssemblyHooks {
  Module: Construct;
  Instance: Construct;
  instantiate: (bytes: Uint8Array, imports: object) => Promise<{ readonly module: object; readonly instance: EngineInstance }>;
}

/** Is told of each module that an engine links: its metered code, what it was given, and what it has become. */
export interface LinkListener {
  linked(code: Uint8Array, module: object, imports: object, instance: EngineInstance): void;
}

/** Name of the section with which a module begins that is linked to a running engine. */
const DYLINK = "dylink.0";

/**
 * Counts the work of the modules that an engine links: each gets a meter of its own, which the engine's counter adds up. A module with
 * instructions that the meter does not know is not linked: nothing but the clock would end it.
 */
export class LinkedModules {
  readonly #wasm = (globalThis as unknown as { WebAssembly: WebAssemblyHooks }).WebAssembly;
  readonly #was: WebAssemblyHooks;
  readonly #work: WorkCounter;
  readonly #options: MeteredModuleOptions;
  readonly #refused: string[] = [];
  /** Code of modules, which they do not tell. */
  readonly #codes = new WeakMap<object, Uint8Array>();
  listener: LinkListener | undefined;

  constructor(work: WorkCounter, options: MeteredModuleOptions) {
    const { Module, Instance, instantiate } = this.#wasm;
    this.#was = { Module, Instance, instantiate };
    this.#work = work;
    this.#options = options;
    this.#wasm.Module = new Proxy(Module, {
      construct: (target, [bytes]) => {
        const code = this.#metered(bytes as Uint8Array);
        return this.#noted(code, Reflect.construct(target, [code]) as object);
      },
    });
    this.#wasm.Instance = new Proxy(Instance, {
      construct: (target, args) => this.#counted(Reflect.construct(target, args) as EngineInstance, args as unknown as [object, object]),
    });
    this.#wasm.instantiate = async (bytes, imports) => {
      const code = this.#metered(bytes);
      const { module, instance } = await instantiate.call(this.#wasm, code, imports);
      return { module, instance: this.#counted(instance, [this.#noted(code, module), imports]) };
    };
  }

  /** Puts WebAssembly back as it was; throws when a module was refused, since whoever linked it may have kept that to itself. */
  close(): void {
    Object.assign(this.#wasm, this.#was);
    if (this.#refused.length > 0) throw new Error(this.#refused.join("; "));
  }

  #metered(view: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength); // files are read as signed numbers, too
    if (!isLinked(bytes)) return bytes;
    try {
      return meteredModule(bytes, this.#options);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const refusal = `the work of the native module ${moduleName(bytes)} cannot be counted (${why}); remove its wheel`;
      this.#refused.push(refusal);
      throw new Error(refusal, { cause: error });
    }
  }

  #noted(code: Uint8Array, module: object): object {
    if (this.listener !== undefined) this.#codes.set(module, code);
    return module;
  }

  #counted(instance: EngineInstance, [module, imports]: readonly [module: object, imports: object]): EngineInstance {
    const code = this.#codes.get(module);
    if (code !== undefined) this.listener?.linked(code, module, imports, instance);
    if (!(WORK_LEFT in instance.exports)) return instance;
    this.#work.add(instance);
    return withoutMeter(instance);
  }
}

/** An instance as its loader sees it, which takes exported globals for addresses. */
export function withoutMeter({ exports }: EngineInstance): EngineInstance {
  return { exports: Object.fromEntries(Object.entries(exports).filter(([name]) => name !== WORK_LEFT)) };
}

/** True for a module whose first section is custom and has the name of {@link DYLINK}. */
function isLinked(bytes: Uint8Array): boolean {
  return bytes[8] === 0 && new TextDecoder().decode(bytes.subarray(9, 32)).includes(DYLINK);
}

/** The name of the Python module that a file holds, by the function that makes it. */
function moduleName(bytes: Uint8Array): string {
  return /PyInit_(\w+)/.exec(new TextDecoder("latin1").decode(bytes))?.[1] ?? "without a name";
}
