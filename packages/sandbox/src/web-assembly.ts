/** An engine that was compiled and not yet given a memory. It can be sent to worker threads. */
export interface CompiledModule {
  readonly [Symbol.toStringTag]: string;
}

/** A linear memory; `buffer` is another object after it has grown. */
export interface LinearMemory {
  readonly buffer: ArrayBuffer;
}

interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<CompiledModule>;
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => LinearMemory;
}

/** The parts of WebAssembly's JavaScript interface that the sandbox uses, which Node's type declarations leave out. */
export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
