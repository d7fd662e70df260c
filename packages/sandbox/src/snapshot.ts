import { createHash } from "node:crypto";
import { InputError } from "@retool-ts/core";
import type { HeapImage } from "./heap-image.js";

const MAGIC = "retool-ts snapshot 1\n";
const HASH_BYTES = 32;
const BLOCK = 4_096;

/** A session between two cells: everything that its next cell depends on, apart from limits. */
export interface SessionState {
  /** Cells run so far. */
  readonly cells: number;
  /** Seed that the next cell sets first; undefined when the random numbers go on. */
  readonly seed: number | undefined;
  /** The world; undefined while no cell was kept. */
  readonly image: HeapImage | undefined;
}

interface Header extends Omit<HeapImage, "blocks" | "bytes"> {
  readonly cells: number;
  readonly seed: number | null;
  /** Blocks of 4 KiB that follow; -1 when there is no image. */
  readonly blockCount: number;
}

/** Names the start of every world: equal for equal engines, guest sources and preludes. */
export function fingerprintOf({ memoryPages, layout, blocks, bytes }: HeapImage): Uint8Array {
  return sha256(Buffer.from(`${memoryPages} ${layout}\n`), asBytes(blocks), bytes);
}

/** Writes a session as bytes: magic line, fingerprint, header length, header, block numbers, blocks, hash of all that. */
export function encodeSnapshot({ cells, seed, image }: SessionState, fingerprint: Uint8Array): Uint8Array<ArrayBuffer> {
  const { memoryPages = 0, layout = "", blocks = new Uint32Array(), bytes = new Uint8Array() } = image ?? {};
  const header: Header = { cells, seed: seed ?? null, memoryPages, layout, blockCount: image === undefined ? -1 : blocks.length };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const parts = [Buffer.from(MAGIC), fingerprint, length, text, asBytes(blocks), bytes];
  const body = Buffer.concat(parts);
  const snapshot = new Uint8Array(body.length + HASH_BYTES);
  snapshot.set(body);
  snapshot.set(sha256(body), body.length);
  return snapshot;
}

/** Reads {@link encodeSnapshot}'s bytes; throws when they are damaged or belong to a sandbox that begins otherwise. */
export function decodeSnapshot(snapshot: Uint8Array, fingerprint: Uint8Array): SessionState {
  const bytes = Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  const headerAt = MAGIC.length + HASH_BYTES + 4;
  if (bytes.length < headerAt + HASH_BYTES || !bytes.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) {
    throw problem("a snapshot of this version", "other bytes", "pass what session.snapshot() returned");
  }
  const body = bytes.subarray(0, bytes.length - HASH_BYTES);
  if (!bytes.subarray(body.length).equals(sha256(body))) {
    throw problem("the bytes as they were written", "damaged ones", "save the snapshot again");
  }
  if (!bytes.subarray(MAGIC.length, MAGIC.length + HASH_BYTES).equals(fingerprint)) {
    const fix = "use the package version and the prelude that made it";
    throw problem("a snapshot of this engine and prelude", "that of another", fix);
  }
  const headerEnd = headerAt + bytes.readUInt32LE(headerAt - 4);
  const header = JSON.parse(bytes.toString("utf8", headerAt, headerEnd)) as Header;
  return { cells: header.cells, seed: header.seed ?? undefined, image: imageOf(header, body.subarray(headerEnd)) };
}

function imageOf({ memoryPages, layout, blockCount }: Header, content: Uint8Array): HeapImage | undefined {
  if (blockCount < 0) return undefined;
  const blocks = new Uint32Array(blockCount);
  const bytes = new Uint8Array(BLOCK * blockCount);
  asBytes(blocks).set(content.subarray(0, 4 * blockCount));
  bytes.set(content.subarray(4 * blockCount));
  return { memoryPages, layout, blocks, bytes };
}

function asBytes({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function problem(expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "sandbox", where: "snapshot", expected, found, fix });
}
