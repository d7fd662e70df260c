import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { openAs, readRange } from "./file-ranges.js";
import { encodeFloats, STORED_TYPES, type FloatType } from "./float-type.js";
import type { TensorToWrite } from "./checkpoint-layout.js";
import { PieceReader, type TakePiece } from "./piece-reader.js";
import {
  decodeFloats,
  encodeSafetensorsHeader,
  entryOf,
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
    const where = `${this.path}: tensor ${name}`;
    const entry = entryOf(this.header, name, shape, where);
    const stored = { ...entry, blockSize: 1, blockBytes: entry.itemBytes };
    await this.#pieces.read(name, stored, (bytes, floats) => decodeFloats(bytes, entry.dtype, where, floats), take);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Writes floats as a safetensors file, atomically, holding one tensor at a time in memory. */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
  dtype: FloatType = "float32",
): Promise<void> {
  const sorted = sortedByName(tensors);
  await writeFileAtomic(path, async function* () {
    yield encodeSafetensorsHeader(sorted, metadata, STORED_TYPES[dtype]);
    for (const { values } of sorted) {
      yield encodeFloats(await values(), dtype);
    }
  });
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
