import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";
import baseVariant from "@jitl/quickjs-wasmfile-release-sync";
import { libraryExpression, type LibrarySource } from "../libraries.js";
import { changedBlocks, PAGE, BLOCK, type BlockTable } from "./blocks.js";
import { captureImage, imageOf, writeImage, type HeapImage } from "./heap-image.js";
import { JOBS_PER_TICK, type Meter } from "./meter.js";
import type { Cell } from "./cell.js";
import { transformCell } from "./repl-transform.js";
import { webAssembly, type CompiledModule, type EngineInstance, type LinearMemory } from "../web-assembly.js";
import { WorkCounter } from "./work-counter.js";

// Its declarations are written for CommonJS, where the default export would be the namespace.
const releaseSync = baseVariant as unknown as QuickJSSyncVariant;

/** Pages the engine's build starts with. */
export const ENGINE_PAGES = 256;
/** One timer call costs as much fuel as this many promise jobs. */
const JOBS_PER_TIMER = 16;

const HARNESS = ["seed", "installMath", "installLibrary", "begin", "settle", "fail", "runNextTimer", "report"] as const;
type HarnessName = (typeof HARNESS)[number];

/** A world's word about the cell it ran. */
export interface Report {
  readonly kind: "ok" | "error";
  readonly value?: string;
  readonly valueChars?: number;
  readonly name?: string;
  readonly message?: string;
  readonly stack?: string;
}

/** Parts that a {@link World} is made of. */
export interface WorldOptions {
  readonly wasmModule: CompiledModule;
  /** See `heapEndAddress`. */
  readonly heapEndAt: number | undefined;
  readonly guestSource: string;
  readonly prelude: string;
  readonly libraries: readonly LibrarySource[];
  /** Most and first pages of 64 KiB. */
  readonly maximumPages: number;
  readonly initialPages: number;
  /** The start of every world; undefined makes it. */
  readonly base: HeapImage | undefined;
}

/** One QuickJS instance with its own memory, the harness inside it, and ways to set that memory back. */
export class World {
  readonly base: HeapImage;
  /** Counts what the engine does, also outside of runs. */
  readonly work: WorkCounter;
  readonly #memory: LinearMemory;
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #harness: Readonly<Record<HarnessName, QuickJSHandle>>;
  readonly #layout: string;
  readonly #heapEndAt: number | undefined;
  #meter: Meter | undefined;

  private constructor(memory: LinearMemory, work: WorkCounter, runtime: QuickJSRuntime, context: QuickJSContext, options: WorldOptions) {
    this.#memory = memory;
    this.work = work;
    this.#runtime = runtime;
    this.#context = context;
    this.#heapEndAt = options.heapEndAt;
    runtime.setInterruptHandler(() => this.#meter?.tick() ?? false);
    this.#harness = this.#boot(options.guestSource);
    this.#layout = HARNESS.map((name) => this.#harness[name].value).join();
    if (options.base !== undefined) {
      this.base = options.base;
      this.restore();
    } else {
      for (const library of options.libraries) this.#installLibrary(library);
      this.#installPrelude(options.prelude);
      this.base = captureImage(this.bytes(), this.#layout, this.#heapEnd());
    }
  }

  static async create(options: WorldOptions): Promise<World> {
    const memory = new webAssembly.Memory({ initial: options.initialPages, maximum: options.maximumPages });
    let work: WorkCounter | undefined;
    const instantiateWasm = async (imports: object, onSuccess: (instance: EngineInstance) => void): Promise<void> => {
      const instance = await webAssembly.instantiate(options.wasmModule, imports);
      work = new WorkCounter(instance);
      onSuccess(instance);
    };
    // Their types are those of WebAssembly, which exist only for compilers that load the DOM's declarations.
    const variant = newVariant(releaseSync, { emscriptenModule: { instantiateWasm } as never, wasmMemory: memory as never });
    const engine = await newQuickJSWASMModuleFromVariant(variant);
    const { runtime, context } = atFixedTime(() => {
      const runtime = engine.newRuntime();
      return { runtime, context: runtime.newContext() };
    });
    return new World(memory, work!, runtime, context, options);
  }

  /** Names the engine's build: images fit worlds of the same layout. */
  get layout(): string {
    return this.#layout;
  }

  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Sets the memory back to the start of a world. What lies beyond that is left as it is. */
  restore(): void {
    const { layout, memoryPages } = this.base;
    if (layout !== this.#layout) throw new Error("the image was made by another build of the engine");
    if (memoryPages * PAGE > this.memoryBytes) throw new Error("the image is longer than the memory");
    writeImage(this.bytes(), this.base);
  }

  /** The blocks of memory that differ from `content`. */
  changesFrom(content: BlockTable): HeapImage {
    const memory = this.bytes();
    const changed = changedBlocks(memory, content, this.#heapEnd());
    const about = { memoryPages: memory.length / PAGE, layout: this.#layout };
    return imageOf(about, changed, (block) => memory.subarray(block * BLOCK, (block + 1) * BLOCK));
  }

  /** The memory as it is now; another object after it has grown. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer);
  }

  seed(seed: number): void {
    this.#context.newNumber(seed).consume((handle) => this.#call("seed", handle));
  }

  /** Runs a cell, then its promise jobs and timers. Undefined when the meter stopped it. */
  run(cell: Cell, fileName: string, meter: Meter): Report | undefined {
    this.#meter = meter;
    try {
      this.#runtime.setMaxStackSize(meter.limits.stackBytes);
      this.#context.newNumber(meter.limits.outputChars).consume((chars) => this.#call("begin", chars));
      const result = this.#context.evalCode(cell.code, fileName, { type: "global" });
      if (meter.stopped !== undefined) return undefined;
      if (result.error !== undefined) result.error.consume((error) => this.#call("fail", error));
      else result.value.consume((value) => this.#call("settle", value));
      if (!this.#drain(meter)) return undefined;
      const report = this.#call("report");
      if (meter.check() || report === undefined) return undefined;
      return JSON.parse(report.consume((text) => this.#context.getString(text))) as Report;
    } finally {
      this.#meter = undefined;
    }
  }

  /** False when the meter stopped it. */
  #drain(meter: Meter): boolean {
    for (;;) {
      while (this.#runtime.hasPendingJob()) {
        const result = this.#runtime.executePendingJobs(JOBS_PER_TICK);
        if (meter.addJobs(result.error === undefined ? result.value : 1)) return false;
        result.error?.consume((error) => this.#call("fail", error));
      }
      const ran = this.#call("runNextTimer");
      if (meter.addJobs(JOBS_PER_TIMER)) return false;
      if (ran === undefined) continue;
      const wasLast = ran.consume((flag) => this.#context.sameValue(flag, this.#context.false));
      if (wasLast) return true;
    }
  }

  /** Calls the harness; an error it throws becomes the cell's, and undefined is returned. */
  #call(name: HarnessName, ...args: QuickJSHandle[]): QuickJSHandle | undefined {
    const result = this.#context.callFunction(this.#harness[name], this.#context.undefined, ...args);
    if (result.error === undefined) return result.value;
    if (this.#meter?.stopped !== undefined) result.error.dispose();
    else if (name === "fail" || name === "report") throw new HarnessFailure(name);
    else result.error.consume((error) => this.#call("fail", error));
    return undefined;
  }

  #boot(guestSource: string): Record<HarnessName, QuickJSHandle> {
    const context = this.#context;
    const emit = context.newFunction("emit", (stream, text) => {
      const kind = context.getString(stream) === "err" ? "err" : "out";
      this.#meter?.write(kind, JSON.parse(context.getString(text)) as string);
    });
    const boot = context.newObject();
    context.setProp(boot, "emit", emit);
    context.setProp(context.global, "boot", boot);
    const source = `(function () {\n"use strict";\n${guestSource}\n})();`;
    context.unwrapResult(context.evalCode(source, "harness.js", { type: "global" })).dispose();
    const harness = context.getProp(boot, "harness");
    const handles = Object.fromEntries(HARNESS.map((name) => [name, context.getProp(harness, name)]));
    for (const handle of [harness, boot, emit]) handle.dispose();
    context.unwrapResult(context.evalCode("delete globalThis.boot;", "harness.js", { type: "global" })).dispose();
    return handles as Record<HarnessName, QuickJSHandle>;
  }

  #installLibrary(library: LibrarySource): void {
    const context = this.#context;
    const exports = context.unwrapResult(context.evalCode(libraryExpression(library), `${library.name}.js`, { type: "global" }));
    const name = context.newString(library.name);
    this.#call("installLibrary", name, exports)?.dispose();
    for (const handle of [name, exports]) handle.dispose();
  }

  #installPrelude(prelude: string): void {
    if (prelude === "math") this.#call("installMath");
    else this.#context.unwrapResult(this.#context.evalCode(transformCell(prelude).code, "prelude.js", { type: "global" })).dispose();
  }

  /** The address from which on nothing was ever written: the heap never shrinks. */
  #heapEnd(): number {
    if (this.#heapEndAt === undefined) return this.memoryBytes;
    return new DataView(this.#memory.buffer).getUint32(this.#heapEndAt, true);
  }
}

/** A context seeds its own random numbers from the clock; the start of a world must be the same bytes in every process. */
function atFixedTime<T>(make: () => T): T {
  const { now } = Date;
  Date.now = () => 0;
  try {
    return make();
  } finally {
    Date.now = now;
  }
}

/** The harness itself failed, which only a lack of memory or stack can bring about. */
export class HarnessFailure extends Error {}
