import { createHash } from "node:crypto";
import { InputError } from "@retool-ts/core";
import { resolveLimits } from "../limits.js";
import type { PastCell } from "./messages.js";

const MAGIC = "retool-ts python session 1\n";

/** A session between two cells: runs are deterministic, so its kept cells are its state. */
export interface PythonState {
  readonly seed: number;
  readonly past: readonly PastCell[];
}

/** Writes a session as bytes: magic line, hash of the rest, JSON. */
export function encodePythonSnapshot({ seed, past }: PythonState, fingerprint: string): Uint8Array<ArrayBuffer> {
  const body = Buffer.from(JSON.stringify({ fingerprint, seed, past }));
  return new Uint8Array(Buffer.concat([Buffer.from(MAGIC), hashOf(body), body]));
}

/** Reads {@link encodePythonSnapshot}'s bytes; throws when they are damaged or belong to another interpreter. */
export function decodePythonSnapshot(snapshot: Uint8Array, fingerprint: string): PythonState {
  const bytes = Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  const body = bytes.subarray(MAGIC.length + 32);
  if (!bytes.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) {
    throw problem("a snapshot of a Python session of this version", "other bytes", "pass what session.snapshot() returned");
  }
  if (!bytes.subarray(MAGIC.length, MAGIC.length + 32).equals(hashOf(body))) {
    throw problem("the bytes as they were written", "damaged ones", "save the snapshot again");
  }
  const state = JSON.parse(body.toString("utf8")) as PythonState & { readonly fingerprint: string };
  if (state.fingerprint !== fingerprint) {
    throw problem(`a snapshot of ${fingerprint}`, `one of ${state.fingerprint}`, "use the interpreter and the wheels that made it");
  }
  return { seed: state.seed, past: state.past.map(({ code, limits }) => ({ code, limits: resolveLimits(limits) })) };
}

function hashOf(body: Uint8Array): Buffer {
  return createHash("sha256").update(body).digest();
}

function problem(expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "sandbox", where: "snapshot", expected, found, fix });
}
