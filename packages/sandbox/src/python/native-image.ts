import { Buffer } from "node:buffer"; // the global is taken away
import type { FileNode } from "./pyodide.js";

/** Where a function comes from: an import of the engine, an export of the engine, or an export of the nth module that was linked. */
export type FunctionSource = readonly ["import", string] | readonly ["engine", string] | readonly [number, string];

/** What a linked module imports under a name: a function, or one that is looked up at its first call, which may find nothing. */
export type ImportSource = FunctionSource | readonly ["late", FunctionSource | null];

/** A module that was linked, with what it was given. */
export interface LinkedModule {
  /** Metered code. */
  readonly code: Uint8Array;
  /** Where its memory and its functions begin; undefined for a module that has none. */
  readonly bases: Readonly<Record<string, number>>;
  /** Imported functions that are not the engine's own of that name: module, name, source. */
  readonly functions: readonly (readonly [string, string, ImportSource])[];
}

/** A file or a folder that was made, parents before what is in them. */
export interface StoredNode {
  readonly path: string;
  readonly fields: Pick<FileNode, "mode" | "atime" | "mtime" | "ctime">;
  /** Null for a folder. */
  readonly contents: Uint8Array | null;
}

/** What native packages make of an engine that has loaded and imported them. */
export interface NativeImage {
  readonly modules: readonly LinkedModule[];
  /** Length of the table before and after. */
  readonly tableLength: readonly [number, number];
  /** Functions in the table that modules do not put there themselves. */
  readonly table: readonly (readonly [number, FunctionSource])[];
  /** Addresses of symbols, by name. */
  readonly addresses: Readonly<Record<string, number>>;
  readonly nodes: readonly StoredNode[];
  readonly memory: Uint8Array;
}

/** The bytes of a part: where they are in the file, and how many. */
type Place = readonly [at: number, length: number];

interface Header {
  readonly modules: readonly (Omit<LinkedModule, "code"> & { readonly code: Place })[];
  readonly tableLength: NativeImage["tableLength"];
  readonly table: NativeImage["table"];
  readonly addresses: NativeImage["addresses"];
  readonly nodes: readonly (Omit<StoredNode, "contents"> & { readonly contents: Place | null })[];
  readonly memory: Place;
}

/** An image as its parts, in the order of the file: a header's length, the header, and what it tells the places of. */
export function* imageParts(image: NativeImage): Generator<Uint8Array> {
  let at = 0;
  const parts: Uint8Array[] = [];
  const placed = (bytes: Uint8Array): Place => {
    const place = [at, bytes.length] as const;
    at += bytes.length;
    parts.push(bytes);
    return place;
  };
  const header: Header = {
    ...image,
    modules: image.modules.map((one) => ({ ...one, code: placed(one.code) })),
    nodes: image.nodes.map((one) => ({ ...one, contents: one.contents === null ? null : placed(one.contents) })),
    memory: placed(image.memory),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  yield length;
  yield text;
  yield* parts;
}

/** An image whose memory is read when it is wanted, straight to its place. */
export interface StoredImage extends Omit<NativeImage, "memory"> {
  readonly memoryBytes: number;
  readMemory(into: Uint8Array): void;
}

/** Reads an image through a function that fills a view from a position of its file. */
export function readImage(read: (view: Uint8Array, position: number) => void): StoredImage {
  const length = Buffer.alloc(4);
  read(length, 0);
  const text = Buffer.alloc(length.readUInt32LE());
  read(text, 4);
  const header = JSON.parse(text.toString("utf8")) as Header;
  const first = 4 + text.length;
  const bytesAt = ([at, size]: Place): Uint8Array => {
    const bytes = new Uint8Array(size);
    read(bytes, first + at);
    return bytes;
  };
  const { memory } = header;
  return {
    ...header,
    modules: header.modules.map((one) => ({ ...one, code: bytesAt(one.code) })),
    nodes: header.nodes.map((one) => ({ ...one, contents: one.contents === null ? null : bytesAt(one.contents) })),
    memoryBytes: memory[1],
    readMemory: (into) => read(into.subarray(0, memory[1]), first + memory[0]),
  };
}
