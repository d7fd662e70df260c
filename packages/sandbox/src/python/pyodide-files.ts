import { Buffer } from "node:buffer"; // the global is taken away
import type { FileNode, OpenFile, PyodideFileSystem } from "./pyodide.js";

interface KeptNode {
  readonly node: FileNode;
  readonly fields: Omit<FileNode, "contents">;
  /** Of a file, with a copy of what it holds. */
  readonly contents: Uint8Array | undefined;
  readonly bytes: Uint8Array | undefined;
}

/**
 * The interpreter's files and descriptors. They lie outside of its memory, so they are put back before each world as that is: a world
 * may close and replace descriptors, and should it get past the gate and change a file, the next one does not see it.
 */
export class PyodideFiles {
  readonly #streams: (OpenFile | null | undefined)[];
  readonly #open: readonly { readonly stream: OpenFile; readonly fields: OpenFile; readonly shared: OpenFile["shared"] }[];
  readonly #nodes: readonly KeptNode[];

  constructor({ streams, root }: PyodideFileSystem) {
    this.#streams = streams;
    this.#open = streams.flatMap((stream) => (stream == null ? [] : [{ stream, fields: { ...stream }, shared: { ...stream.shared } }]));
    this.#nodes = nodesBelow(root).map((node) => {
      const { mode, atime, mtime, ctime, usedBytes } = node;
      const contents = isFile(node.contents) ? asBytes(node.contents) : undefined;
      return { node, fields: { mode, atime, mtime, ctime, usedBytes }, contents, bytes: contents?.slice() };
    });
  }

  restore(): void {
    this.#streams.length = 0;
    for (const { stream, fields, shared } of this.#open) {
      this.#streams[fields.fd] = Object.assign(stream, fields); // closing it has taken its number away
      Object.assign(stream.shared, shared);
    }
    for (const { node, fields, contents, bytes } of this.#nodes) {
      Object.assign(node, fields);
      if (contents === undefined || bytes === undefined) continue;
      node.contents = contents;
      if (Buffer.compare(contents, bytes) !== 0) contents.set(bytes);
    }
  }
}

function nodesBelow(node: FileNode): FileNode[] {
  const { contents } = node;
  const below = typeof contents === "object" && contents !== null && !isFile(contents) ? Object.values(contents) : [];
  return [node, ...below.flatMap(nodesBelow)];
}

function isFile(contents: FileNode["contents"]): contents is Uint8Array {
  return ArrayBuffer.isView(contents);
}

/** The same memory as bytes: what a package's files were unpacked to may be another kind of view. */
function asBytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
