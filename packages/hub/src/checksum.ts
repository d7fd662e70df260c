import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Checksum } from "./hub.js";

/** Compares the hash of a file's bytes with the expected one. */
export async function matchesChecksum(path: string, { kind, digest }: Checksum): Promise<boolean> {
  const hash = createHash(kind === "sha256" ? "sha256" : "sha1");
  if (kind === "git-sha1") hash.update(`blob ${(await stat(path)).size}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex") === digest;
}
