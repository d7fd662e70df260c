/** An engine that was compiled and not yet given a memory. It can be sent to worker threads. */
export interface CompiledModule {
  readonly [Symbol.toStringTag]: string;
}

/** A linear memory; `buffer` is another object after it has grown. */
export interface LinearMemory {
  readonly buffer: ArrayBuffer;
}

/** A global variable of type `i64`. */
export interface WideGlobal {
  value: bigint;
}

/** An engine with its memory. */
export interface EngineInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<CompiledModule>;
  instantiate(module: CompiledModule, imports: object): Promise<EngineInstance>;
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => LinearMemory;
}

/** The parts of WebAssembly's JavaScript interface that the sandbox uses, which Node's type declarations leave out. */
export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
