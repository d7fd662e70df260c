import type { EngineInstance } from "../web-assembly.js";
import type { EngineSymbols, Linked } from "./engine-symbols.js";
import type { FunctionSource, ImportSource, LinkedModule, NativeImage, StoredNode } from "./native-image.js";
import type { LinkListener } from "./linked-modules.js";
import type { FileNode, Pyodide } from "./pyodide.js";

interface Recorded {
  readonly code: Uint8Array;
  readonly bases: Readonly<Record<string, number>>;
  readonly functions: [string, string, Linked][];
  readonly exports: ReadonlyMap<string, Linked>;
}

interface ImportEntry {
  readonly module: string;
  readonly name: string;
  readonly kind: string;
}

type Imports = Readonly<Record<string, Readonly<Record<string, Linked>>>>;

const { Module } = (globalThis as unknown as { WebAssembly: { Module: { imports(module: object): ImportEntry[] } } }).WebAssembly;
const importsOf = Module.imports.bind(Module);

/** Namespaces of the addresses of symbols. */
export const ADDRESSES = /^GOT\./;

/** Kinds of files in their modes. */
const KIND = 0o170_000;
const FILE = 0o100_000;
const FOLDER = 0o040_000;

/** Watches an engine while it loads native packages, and gives what has become of it. */
export class NativeRecorder implements LinkListener {
  readonly #pyodide: Pyodide;
  readonly #symbols: EngineSymbols;
  readonly #modules: Recorded[] = [];
  readonly #firstTable: readonly unknown[];
  readonly #firstNodes: ReadonlySet<string>;
  readonly #needed = new Map<number, readonly Readonly<Record<string, Linked>>[]>();
  /** Places in the table that modules fill when they are instantiated. */
  readonly #own = new Set<number>();

  constructor(pyodide: Pyodide, symbols: EngineSymbols) {
    this.#pyodide = pyodide;
    this.#symbols = symbols;
    this.#firstTable = tableOf(pyodide);
    this.#firstNodes = new Set([...nodesOf(pyodide.FS.root, "")].map(([path]) => path));
  }

  linked(code: Uint8Array, module: object, imports: object, { exports }: EngineInstance): void {
    const bases: Record<string, number> = {};
    const functions: [string, string, Linked][] = [];
    for (const { module: space, name, kind } of importsOf(module)) {
      const value = (imports as Imports)[space]![name]!;
      if (typeof value === "number") bases[name] = value;
      else if (kind === "function") {
        if (value !== this.#symbols.imports.get(name)) functions.push([space, name, value]);
      } else if (!ADDRESSES.test(space) && value !== this.#symbols.imports.get(name)) throw unknown(`the ${kind} ${space}.${name}`);
    }
    const { wasmTable } = this.#pyodide._module;
    for (let i = bases["__table_base"] ?? wasmTable.length; i < wasmTable.length; i++) if (wasmTable.get(i) !== null) this.#own.add(i);
    this.#modules.push({ code, bases, functions, exports: new Map(Object.entries(exports) as [string, Linked][]) });
  }

  /** The engine as it is now. Throws when it holds something that no other process could find again. */
  image(): NativeImage {
    const { HEAPU8, GOT } = this.#pyodide._module;
    const table = tableOf(this.#pyodide);
    const sources = this.#sources();
    const changed = table.flatMap((item, i): [number, FunctionSource][] => {
      if (item === this.#firstTable[i] || item === null || this.#own.has(i)) return [];
      const source = sources.get(item as Linked);
      if (i < this.#firstTable.length || source === undefined) throw unknown(`the function ${i} of the table`);
      return [[i, source]];
    });
    const modules = this.#modules.map(({ code, bases, functions }, index): LinkedModule => {
      const given = functions.map(
        ([space, name, value]) => [space, name, sources.get(value) ?? this.#late(index, space, name, sources)] as const,
      );
      return { code, bases, functions: given };
    });
    const nodes = [...nodesOf(this.#pyodide.FS.root, "")].flatMap(([path, node]) =>
      this.#firstNodes.has(path) ? [] : [stored(path, node)],
    );
    return {
      modules,
      tableLength: [this.#firstTable.length, table.length],
      table: changed,
      addresses: Object.fromEntries(Object.entries(GOT).map(([name, { value }]) => [name, value])),
      nodes,
      memory: HEAPU8,
    };
  }

  #sources(): Map<Linked, FunctionSource> {
    const sources = new Map<Linked, FunctionSource>();
    for (const [index, { exports }] of this.#modules.entries()) for (const [name, value] of exports) sources.set(value, [index, name]);
    for (const [name, value] of this.#symbols.exports) sources.set(value, ["engine", name]);
    for (const [name, value] of this.#symbols.imports) if (!sources.has(value)) sources.set(value, ["import", name]);
    return sources;
  }

  /** What the loader's stand-in for a function finds that was not there yet: one of all modules, else the module's own. */
  #late(index: number, space: string, name: string, sources: ReadonlyMap<Linked, FunctionSource>): ImportSource {
    if (space !== "env") throw unknown(`the function ${space}.${name}`);
    const shared = this.#pyodide._module.LDSO.loadedLibsByName["__main__"]!.exports[name];
    if (shared !== undefined && !(shared as { readonly stub?: unknown }).stub) {
      const source = sources.get(shared);
      if (source === undefined) throw unknown(`the function ${name}`);
      return ["late", source];
    }
    const [needed, another] = this.#neededBy(index, sources).filter((exports) => name in exports);
    if (another !== undefined) throw unknown(`which ${name} is meant`);
    const own = (needed?.[name] ?? this.#modules[index]!.exports.get(name)) as Linked;
    return ["late", sources.get(own) ?? null];
  }

  /** What the libraries export that a module needs, and those that they need. */
  #neededBy(index: number, sources: ReadonlyMap<Linked, FunctionSource>): readonly Readonly<Record<string, Linked>>[] {
    const known = this.#needed.get(index);
    if (known !== undefined) return known;
    const { getDylinkMetadata, LDSO } = this.#pyodide._module;
    const libraries = Object.entries(LDSO.loadedLibsByName);
    const found = new Map<string, Readonly<Record<string, Linked>>>();
    const visit = (code: Uint8Array): void => {
      for (const needed of getDylinkMetadata(code).neededDynlibs) {
        for (const [path, { exports }] of libraries) {
          if (found.has(path) || path.split("/").pop() !== needed.split("/").pop()) continue;
          found.set(path, exports);
          const [from] = Object.values(exports).flatMap((value) => sources.get(value)?.[0] ?? []);
          if (typeof from === "number") visit(this.#modules[from]!.code);
        }
      }
    };
    visit(this.#modules[index]!.code);
    const needed = [...found.values()];
    this.#needed.set(index, needed);
    return needed;
  }
}

function unknown(what: string): Error {
  return new Error(`native packages: ${what} cannot be told`);
}

function tableOf({ _module: { wasmTable } }: Pyodide): unknown[] {
  return Array.from({ length: wasmTable.length }, (_, i) => wasmTable.get(i));
}

function* nodesOf(node: FileNode, path: string): Generator<readonly [string, FileNode]> {
  const { contents } = node;
  if (typeof contents !== "object" || contents === null || ArrayBuffer.isView(contents)) return;
  for (const [name, child] of Object.entries(contents as Readonly<Record<string, FileNode>>)) {
    yield [`${path}/${name}`, child];
    yield* nodesOf(child, `${path}/${name}`);
  }
}

function stored(path: string, { mode, atime, mtime, ctime, contents, usedBytes }: FileNode): StoredNode {
  const fields = { mode, atime, mtime, ctime };
  const kind = mode & KIND;
  if (kind === FOLDER) return { path, fields, contents: null };
  if (kind !== FILE) throw unknown(`what kind of file ${path} is`);
  if (!ArrayBuffer.isView(contents)) return { path, fields, contents: new Uint8Array(0) };
  const { buffer, byteOffset } = contents as Uint8Array;
  return { path, fields, contents: new Uint8Array(buffer, byteOffset, usedBytes) };
}
