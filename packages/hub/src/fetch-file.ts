import { open, rename, rm, stat } from "node:fs/promises";
import { RetoolError } from "@retool-ts/core";
import { matchesChecksum } from "./checksum.js";
import type { RemoteFile, RepoPlace } from "./hub.js";
import { causeOf, Passing, request, retrying, type Connection } from "./request.js";

/** Progress of a download. */
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
 * @throws RetoolError when the hash is another, more bytes come than the hub states, or the connection fails too often.
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
  const { kind, digest } = file.checksum;
  const [had, matches] = [await sizeOf(incomplete), await matchesChecksum(incomplete, file.checksum)];
  if (!matches) throw await thrownAway(incomplete, place, file, `the ${had} bytes that came do not have the ${kind} ${digest}`);
  await rename(incomplete, target);
}

async function thrownAway(incomplete: string, { repo }: RepoPlace, { path }: RemoteFile, what: string): Promise<RetoolError> {
  await rm(incomplete, { force: true });
  return new RetoolError("HUB", `${repo}: ${path}: ${what}; they were thrown away. Try again`);
}

async function appendRest(
  file: RemoteFile,
  incomplete: string,
  place: RepoPlace,
  connection: Connection,
  onProgress: (progress: DownloadProgress) => void,
): Promise<void> {
  const { path, url, size } = file;
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
  let tooMany = false;
  try {
    onProgress({ path, loaded, total: size });
    for await (const chunk of chunksOf(response, connection, () => loaded - start)) {
      tooMany = size !== undefined && loaded + chunk.length > size;
      if (tooMany) break;
      await handle.writeFile(chunk);
      loaded += chunk.length;
      onProgress({ path, loaded, total: size });
    }
  } finally {
    await handle.close();
  }
  if (tooMany) throw await thrownAway(incomplete, place, file, `more than the ${size} bytes that the hub states`);
  if (size !== undefined && loaded < size) {
    throw new Passing(`the connection ended after ${loaded} of ${size} bytes`, { hasProgress: loaded > start });
  }
}

/** The bytes of an answer. Only where they stop coming is it a failure that may pass: a full disk is none. */
async function* chunksOf({ body }: Response, { signal }: Connection, came: () => number): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body ?? []) yield chunk as Uint8Array;
  } catch (error) {
    signal?.throwIfAborted();
    const hasProgress = came() > 0;
    throw new Passing(`the connection broke after ${came()} more bytes (${causeOf(error)})`, { cause: error, hasProgress });
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
