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
export function fingerprintOf({ memoryPages, layout, blocks, bytes }: HeapImage): Promise<Uint8Array> {
  return sha256(joined([encode(`${memoryPages} ${layout}\n`), asBytes(blocks), bytes]));
}

/** Writes a session as bytes: magic line, fingerprint, header length, header, block numbers, blocks, hash of all that. */
export async function encodeSnapshot({ cells, seed, image }: SessionState, fingerprint: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { memoryPages = 0, layout = "", blocks = new Uint32Array(), bytes = new Uint8Array() } = image ?? {};
  const header: Header = { cells, seed: seed ?? null, memoryPages, layout, blockCount: image === undefined ? -1 : blocks.length };
  const text = encode(JSON.stringify(header));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  const body = joined([encode(MAGIC), fingerprint, length, text, asBytes(blocks), bytes]);
  return joined([body, await sha256(body)]);
}

/** Reads {@link encodeSnapshot}'s bytes; throws when they are damaged or belong to a sandbox that begins otherwise. */
export async function decodeSnapshot(snapshot: Uint8Array, fingerprint: Uint8Array): Promise<SessionState> {
  const headerAt = MAGIC.length + HASH_BYTES + 4;
  if (snapshot.length < headerAt + HASH_BYTES || !isSame(snapshot.subarray(0, MAGIC.length), encode(MAGIC))) {
    throw problem("a snapshot of this version", "other bytes", "pass what session.snapshot() returned");
  }
  const body = joined([snapshot.subarray(0, snapshot.length - HASH_BYTES)]);
  if (!isSame(snapshot.subarray(body.length), await sha256(body))) {
    throw problem("the bytes as they were written", "damaged ones", "save the snapshot again");
  }
  if (!isSame(body.subarray(MAGIC.length, MAGIC.length + HASH_BYTES), fingerprint)) {
    const fix = "use the package version and the prelude that made it";
    throw problem("a snapshot of this engine and prelude", "that of another", fix);
  }
  const headerEnd = headerAt + new DataView(body.buffer).getUint32(headerAt - 4, true);
  const header = JSON.parse(new TextDecoder().decode(body.subarray(headerAt, headerEnd))) as Header;
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

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function problem(expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "sandbox", where: "snapshot", expected, found, fix });
}
