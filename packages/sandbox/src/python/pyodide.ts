/** The parts of Pyodide that are used; those with an underscore are private to it, hence the narrow range of versions. */
export interface Pyodide {
  runPython(code: string): unknown;
  makeMemorySnapshot(): Uint8Array;
  setStdin(options: { stdin: () => null }): void;
  setStdout(options: { write: (bytes: Uint8Array) => number }): void;
  setStderr(options: { write: (bytes: Uint8Array) => number }): void;
  setInterruptBuffer(buffer: unknown): void;
  readonly globals: { get(name: string): unknown };
  readonly FS: {
    readonly streams: readonly ({ readonly fd: number } | null | undefined)[];
    close(stream: unknown): void;
    mkdirTree(path: string): void;
    writeFile(path: string, bytes: Uint8Array, options: { canOwn: boolean }): void;
  };
  readonly _api: { fatal_error: (error: unknown) => never };
  readonly _module: { HEAPU8: Uint8Array; readonly wasmTable: { readonly length: number }; _sbrk?(bytes: number): number };
}

export type LoadPyodide = (options: Readonly<Record<string, unknown>>) => Promise<Pyodide>;
