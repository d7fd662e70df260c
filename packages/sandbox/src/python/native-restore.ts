import type { EngineInstance } from "../web-assembly.js";
import type { EngineSymbols, Linked } from "./engine-symbols.js";
import type { FunctionSource, ImportSource, StoredImage } from "./native-image.js";
import { ADDRESSES } from "./native-recorder.js";
import type { Pyodide } from "./pyodide.js";

interface ImportEntry {
  readonly module: string;
  readonly name: string;
}

interface Linker {
  readonly Module: (new (code: Uint8Array) => object) & { imports(module: object): ImportEntry[] };
  readonly Instance: new (module: object, imports: object) => EngineInstance;
  readonly Global: new (type: { readonly value: "i32"; readonly mutable: true }) => { value: number };
}

/** Makes of a started engine what it was when an image of it was taken: its modules, table, addresses, files and memory. */
export function restoreNative(
  pyodide: Pyodide,
  symbols: EngineSymbols,
  image: StoredImage,
  onInstance: (instance: EngineInstance) => void,
): void {
  const { Module, Instance, Global } = (globalThis as unknown as { WebAssembly: Linker }).WebAssembly;
  const { wasmTable, GOT, growMemory } = pyodide._module;
  const [before, after] = image.tableLength;
  if (wasmTable.length !== before) throw new Error(`the engine's table has ${wasmTable.length} places, its image's ${before}`);
  wasmTable.grow(after - before);
  growMemory(image.memoryBytes);
  if (pyodide._module.HEAPU8.length !== image.memoryBytes) throw new Error("the engine's memory is larger than its image");
  for (const [name, address] of Object.entries(image.addresses))
    (GOT[name] ??= new Global({ value: "i32", mutable: true })).value = address;
  const instances: EngineInstance[] = [];
  const found = ([from, name]: FunctionSource): Linked => {
    const value =
      from === "import"
        ? symbols.imports.get(name)
        : from === "engine"
          ? symbols.exports.get(name)
          : (instances[from]?.exports[name] as Linked);
    if (value === undefined) throw new Error(`the engine has no ${name}`);
    return value;
  };
  const given = (source: ImportSource): Linked => (source[0] === "late" ? late(source[1], found) : found(source));
  for (const { code, bases, functions } of image.modules) {
    const module = new Module(code);
    const imports: Record<string, Record<string, Linked>> = {};
    for (const { module: space, name } of Module.imports(module)) {
      const value = ADDRESSES.test(space) ? GOT[name] : (bases[name] ?? symbols.imports.get(name));
      if (value !== undefined) (imports[space] ??= {})[name] = value;
    }
    for (const [space, name, source] of functions) (imports[space] ??= {})[name] = given(source);
    const instance = new Instance(module, imports);
    instances.push(instance);
    onInstance(instance);
  }
  for (const [at, source] of image.table) wasmTable.set(at, found(source));
  for (const { path, fields, contents } of image.nodes) {
    if (contents === null) pyodide.FS.mkdirTree(path);
    else pyodide.FS.writeFile(path, contents, { canOwn: true });
    Object.assign(pyodide.FS.lookupPath(path).node, fields);
  }
  image.readMemory(pyodide._module.HEAPU8);
}

function late(source: FunctionSource | null, found: (source: FunctionSource) => Linked): Linked {
  let resolved: ((...args: unknown[]) => unknown) | undefined;
  return (...args: unknown[]): unknown => {
    if (source === null) throw new Error("Dynamic linking error: a symbol cannot be resolved");
    resolved ??= found(source) as (...args: unknown[]) => unknown;
    return resolved(...args);
  };
}
