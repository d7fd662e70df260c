import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { InputError } from "@retool-ts/core";
import { openAs, readRange } from "./file-ranges.js";
import { toBrainFloats, toHalfFloats } from "./half-floats.js";
import { PieceReader, type TakePiece } from "./piece-reader.js";
import {
  decodeFloats,
  encodeSafetensorsHeader,
  parseSafetensorsHeader,
  safetensorsHeaderBytes,
  sortedByName,
  type SafetensorsHeader,
} from "./safetensors.js";

/** A safetensors file on disk; tensors are read one at a time. Holds a file handle until it is closed. */
export class SafetensorsFile {
  readonly path: string;
  readonly header: SafetensorsHeader;
  readonly #handle: FileHandle;
  readonly #pieces: PieceReader;

  private constructor(path: string, header: SafetensorsHeader, handle: FileHandle) {
    this.path = path;
    this.header = header;
    this.#handle = handle;
    this.#pieces = new PieceReader(handle, path);
  }

  /** @throws InputError when the file is missing or malformed. */
  static async open(path: string): Promise<SafetensorsFile> {
    return openAs(path, async (handle, size) => {
      const first = await readRange(handle, 0, Math.min(8, size));
      const head = await readRange(handle, 0, safetensorsHeaderBytes(first, size, path));
      return new SafetensorsFile(path, parseSafetensorsHeader(head, size, path), handle);
    });
  }

  /**
   * One tensor as 32-bit floats.
   *
   * @throws InputError when it is missing, or has another shape or a dtype that is not F32, F16 or BF16.
   */
  async read(name: string, shape: readonly number[]): Promise<Float32Array> {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    await this.readPieces(name, shape, (piece, place) => values.set(piece, place));
    return values;
  }

  /** {@link SafetensorsFile.read} piece by piece, through memory that is used again. One tensor at a time. */
  async readPieces(name: string, shape: readonly number[], take: TakePiece): Promise<void> {
    const entry = this.header.entries.get(name);
    const where = `${this.path}: tensor ${name}`;
    const expected = `shape [${shape.join(", ")}]`;
    if (entry === undefined) throw mismatch(where, expected, "no such tensor");
    if (entry.shape.join() !== shape.join()) throw mismatch(where, expected, `shape [${entry.shape.join(", ")}]`);
    const stored = { ...entry, blockSize: 1, blockBytes: entry.itemBytes };
    await this.#pieces.read(name, stored, (bytes, floats) => decodeFloats(bytes, entry.dtype, where, floats), take);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function mismatch(where: string, expected: string, found: string): InputError {
  return new InputError({
    what: "checkpoint",
    where,
    expected,
    found,
    fix: "use the config.json and weights of one and the same checkpoint",
  });
}

/** A tensor to write; its values are fetched when their turn comes. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: () => Promise<Float32Array>;
}

/** Types of stored floats, by the names of PyTorch. */
export type FloatType = "float32" | "float16" | "bfloat16";

/** Writes floats as a safetensors file, atomically, holding one tensor at a time in memory. */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
  dtype: FloatType = "float32",
): Promise<void> {
  const sorted = sortedByName(tensors);
  await writeFileAtomic(path, async function* () {
    yield encodeSafetensorsHeader(sorted, metadata, DTYPES[dtype]);
    for (const { values } of sorted) {
      const stored = encodeFloats(await values(), dtype);
      yield new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    }
  });
}

const DTYPES = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const;

function encodeFloats(values: Float32Array, dtype: FloatType): Float32Array | Uint16Array {
  switch (dtype) {
    case "float32":
      return values;
    case "float16":
      return toHalfFloats(values);
    case "bfloat16":
      return toBrainFloats(values);
  }
}

/** Writes a file so that a reader, or the next run after a crash, sees the old one or the new one but no part of either. */
export async function writeFileAtomic(path: string, chunks: () => AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, "w");
    try {
      for await (const chunk of chunks()) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes renames in a folder last; where folders cannot be opened (Windows), the system sees to it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch {
    // some file systems refuse it; the files themselves are synced
  } finally {
    await handle.close();
  }
}
