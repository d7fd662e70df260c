import { open, rename, rm, stat } from "node:fs/promises";
import { RetoolError } from "@retool-ts/core";
import { matchesChecksum } from "./checksum.js";
import type { RemoteFile, RepoPlace } from "./hub.js";
import { causeOf, Passing, request, retrying, type Connection } from "./request.js";

/** How far a download has come. */
export interface DownloadProgress {
  readonly path: string;
  /** Bytes of this file, those of an earlier call included. */
  readonly loaded: number;
  /** Bytes it will have, where the hub tells. */
  readonly total: number | undefined;
}

/**
 * Downloads a file to `target`. What comes is kept as `target.incomplete`, and any later call goes on from there; the file gets its name
 * only when its bytes hash to what the hub says.
 *
 * @throws RetoolError when the hash is another, or the connection fails too often.
 */
export async function fetchFile(
  file: RemoteFile,
  target: string,
  place: RepoPlace,
  connection: Connection,
  onProgress: (progress: DownloadProgress) => void,
): Promise<void> {
  const incomplete = `${target}.incomplete`;
  await retrying(() => appendRest(file, incomplete, place, connection, onProgress), `${place.repo}: ${file.path}`, connection);
  if (!(await matchesChecksum(incomplete, file.checksum))) {
    await rm(incomplete, { force: true });
    const { kind, digest } = file.checksum;
    throw new RetoolError(
      "HUB",
      `${place.repo}: ${file.path}: the bytes that came do not have the ${kind} ${digest}; they were thrown away. Try again`,
    );
  }
  await rename(incomplete, target);
}

async function appendRest(
  { path, url, size }: RemoteFile,
  incomplete: string,
  place: RepoPlace,
  connection: Connection,
  onProgress: (progress: DownloadProgress) => void,
): Promise<void> {
  const had = await sizeOf(incomplete);
  if (size !== undefined && had === size) return;
  const headers = { "accept-encoding": "identity", ...(had > 0 ? { range: `bytes=${had}-` } : {}) };
  const response = await request(url, place, connection, headers);
  if (response.status === 416) {
    await response.body?.cancel();
    await rm(incomplete, { force: true });
    throw new Passing("what was kept is longer than the file");
  }
  const goesOn = response.status === 206 && new RegExp(`^bytes ${had}-`).test(response.headers.get("content-range") ?? "");
  const handle = await open(incomplete, goesOn ? "a" : "w");
  const start = goesOn ? had : 0;
  let loaded = start;
  try {
    onProgress({ path, loaded, total: size });
    for await (const chunk of response.body ?? []) {
      await handle.writeFile(chunk as Uint8Array);
      loaded += (chunk as Uint8Array).length;
      onProgress({ path, loaded, total: size });
    }
  } catch (error) {
    connection.signal?.throwIfAborted();
    throw new Passing(`the connection broke after ${loaded} bytes (${causeOf(error)})`, { cause: error, hasProgress: loaded > start });
  } finally {
    await handle.close();
  }
  if (size !== undefined && loaded < size) {
    throw new Passing(`the connection ended after ${loaded} of ${size} bytes`, { hasProgress: loaded > start });
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
