import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { InputError } from "@retool-ts/core";

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

/** The thing in the place of a file, by the system's error code. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "none",
  ENOTDIR: "none",
  EISDIR: "a folder",
  EACCES: "one that may not be read",
};

/** Bytes of a file from `start` up to `end`, or to the end of the file. */
export async function readRange(handle: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  return bytes.subarray(0, await readInto(handle, start, bytes));
}

/** Fills `bytes` from byte `start` of a file on, and tells how many there were. */
export async function readInto(handle: FileHandle, start: number, bytes: Uint8Array): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(bytes.length - done, 2 ** 30), start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
