import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { InputError } from "@retool-ts/core";
import { toBrainFloats, toHalfFloats } from "./half-floats.js";
import {
  decodeFloats,
  encodeSafetensorsHeader,
  parseSafetensorsHeader,
  safetensorsHeaderBytes,
  sortedByName,
  type SafetensorsHeader,
} from "./safetensors.js";

/** Bytes of a tensor that are read and converted at a time. */
const PIECE_BYTES = 2 ** 22;

/** A safetensors file on disk; tensors are read one at a time. Holds a file handle until it is closed. */
export class SafetensorsFile {
  readonly path: string;
  readonly header: SafetensorsHeader;
  readonly #handle: FileHandle;

  private constructor(path: string, header: SafetensorsHeader, handle: FileHandle) {
    this.path = path;
    this.header = header;
    this.#handle = handle;
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
   * One tensor as 32-bit floats, converted piece by piece.
   *
   * @throws InputError when it is missing, or has another shape or a dtype that is not F32, F16 or BF16.
   */
  async read(name: string, shape: readonly number[]): Promise<Float32Array> {
    const entry = this.header.entries.get(name);
    const where = `${this.path}: tensor ${name}`;
    const expected = `shape [${shape.join(", ")}]`;
    if (entry === undefined) throw mismatch(where, expected, "no such tensor");
    if (entry.shape.join() !== shape.join()) throw mismatch(where, expected, `shape [${entry.shape.join(", ")}]`);
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    let place = 0;
    for (let from = entry.start; from < entry.end; from += PIECE_BYTES) {
      const piece = decodeFloats(await readRange(this.#handle, from, Math.min(from + PIECE_BYTES, entry.end)), entry.dtype, where);
      values.set(piece, place);
      place += piece.length;
    }
    return values;
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

/** How floats are stored, by the names of PyTorch. */
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

/**
 * Opens a file and makes something of it that keeps the handle; when that fails, the handle is closed.
 *
 * @param make - gets the handle and the file's size in bytes
 * @throws InputError when there is no file.
 */
export async function openAs<T>(path: string, make: (handle: FileHandle, size: number) => Promise<T>): Promise<T> {
  const handle = await openExisting(path);
  try {
    const { size } = await handle.stat();
    return await make(handle, size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Opens a file for reading.
 *
 * @throws InputError when it is not there, is a folder, or may not be read.
 */
export async function openExisting(path: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    if ((await handle.stat()).isDirectory()) throw Object.assign(new Error(`${path} is a folder`), { code: "EISDIR" });
    return handle;
  } catch (error) {
    await handle?.close();
    const { code = "" } = error as NodeJS.ErrnoException;
    const found = UNREADABLE[code];
    if (found === undefined) throw error;
    const fix = code === "EACCES" ? "let this user read it" : `point to a folder that has ${basename(path)}`;
    throw new InputError({ what: "checkpoint", where: path, expected: "a file", found, fix }, { cause: error });
  }
}

/** What is in the place of a file, by the system's error code. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "none",
  ENOTDIR: "none",
  EISDIR: "a folder",
  EACCES: "one that may not be read",
};

/** Bytes of a file from `start` up to `end`, or to the end of the file. */
export async function readRange(handle: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(bytes.length - done, 2 ** 30), start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
