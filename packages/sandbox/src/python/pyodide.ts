import type { Linked } from "./engine-symbols.js";

/** An open file; copies of a descriptor have `shared` in common. */
export interface OpenFile {
  readonly fd: number;
  readonly shared: Record<string, unknown>;
}

/** A file, a folder, whose `contents` are nodes by name, or a device. */
export interface FileNode {
  mode: number;
  atime: unknown;
  mtime: unknown;
  ctime: unknown;
  usedBytes: number | undefined;
  contents: Uint8Array | Readonly<Record<string, FileNode>> | null | undefined;
}

/** Emscripten's file system in memory. */
export interface PyodideFileSystem {
  readonly root: FileNode;
  readonly streams: (OpenFile | null | undefined)[];
  lookupPath(path: string): { readonly node: FileNode };
  mkdirTree(path: string): void;
  writeFile(path: string, bytes: Uint8Array, options: { canOwn: boolean }): void;
}

interface PackageOptions {
  readonly messageCallback: (message: string) => void;
  readonly errorCallback: (message: string) => void;
  readonly checkIntegrity: boolean;
}

/** The parts of Pyodide that are used; those with an underscore are private to it, hence the narrow range of versions. */
export interface Pyodide {
  runPython(code: string): unknown;
  makeMemorySnapshot(): Uint8Array;
  /** Unpacks a wheel; problems are told to `errorCallback`. */
  loadPackage(file: string, options: PackageOptions): Promise<readonly unknown[]>;
  unpackArchive(bytes: Uint8Array, format: "zip", options: { readonly extractDir: string }): void;
  setStdin(options: { stdin: () => null }): void;
  setStdout(options: { write: (bytes: Uint8Array) => number }): void;
  setStderr(options: { write: (bytes: Uint8Array) => number }): void;
  setInterruptBuffer(buffer: unknown): void;
  readonly globals: { get(name: string): unknown };
  readonly FS: PyodideFileSystem;
  readonly _api: { fatal_error: (error: unknown) => never };
  readonly _module: PyodideModule;
}

/** The engine's build. */
export interface PyodideModule {
  HEAPU8: Uint8Array;
  readonly wasmTable: {
    readonly length: number;
    get(at: number): unknown;
    set(at: number, item: unknown): void;
    grow(places: number): number;
  };
  /** Addresses of symbols, by name. */
  readonly GOT: Record<string, { value: number }>;
  readonly LDSO: { readonly loadedLibsByName: Readonly<Record<string, { readonly exports: Readonly<Record<string, Linked>> }>> };
  getDylinkMetadata(code: Uint8Array): { readonly neededDynlibs: readonly string[] };
  growMemory(bytes: number): unknown;
  _sbrk?(bytes: number): number;
}

export type LoadPyodide = (options: Readonly<Record<string, unknown>>) => Promise<Pyodide>;
