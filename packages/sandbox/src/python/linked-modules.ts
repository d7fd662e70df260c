import { meteredModule, WORK_LEFT, type MeteredModuleOptions } from "../engine/metered-module.js";
import type { WorkCounter } from "../engine/work-counter.js";
import type { EngineInstance } from "../web-assembly.js";

type Construct = new (...args: never[]) => object;

interface WebAssemblyHooks {
  Module: Construct;
  Instance: Construct;
  instantiate: (bytes: Uint8Array, imports: object) => Promise<{ readonly module: unknown; readonly instance: EngineInstance }>;
}

/** Name of the section with which a module begins that is linked to a running engine. */
const DYLINK = "dylink.0";

/**
 * Counts the work of the modules that an engine links: each gets a meter of its own, which the engine's counter adds up. A module with
 * instructions that the meter does not know is linked as it is, so that the clock alone bounds it.
 */
export class LinkedModules {
  readonly #wasm = (globalThis as unknown as { WebAssembly: WebAssemblyHooks }).WebAssembly;
  readonly #was: WebAssemblyHooks;
  readonly #work: WorkCounter;
  readonly #options: MeteredModuleOptions;

  constructor(work: WorkCounter, options: MeteredModuleOptions) {
    const { Module, Instance, instantiate } = this.#wasm;
    this.#was = { Module, Instance, instantiate };
    this.#work = work;
    this.#options = options;
    this.#wasm.Module = new Proxy(Module, {
      construct: (target, [bytes]) => Reflect.construct(target, [this.#metered(bytes as Uint8Array)]) as object,
    });
    this.#wasm.Instance = new Proxy(Instance, {
      construct: (target, args) => this.#counted(Reflect.construct(target, args) as EngineInstance),
    });
    this.#wasm.instantiate = async (bytes, imports) => {
      const { module, instance } = await instantiate.call(this.#wasm, this.#metered(bytes), imports);
      return { module, instance: this.#counted(instance) };
    };
  }

  close(): void {
    Object.assign(this.#wasm, this.#was);
  }

  #metered(view: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength); // files are read as signed numbers, too
    if (!isLinked(bytes)) return bytes;
    try {
      return meteredModule(bytes, this.#options);
    } catch {
      return bytes;
    }
  }

  #counted(instance: EngineInstance): EngineInstance {
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
