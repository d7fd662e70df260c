import { rename, writeFile } from "node:fs/promises";

let counter = 0;

/**
 * Writes a whole file so that a reader sees all of it or none, also when the process is killed half-way. It is not synced, which takes
 * longer than most requests: a power cut may cost the last ones.
 */
export async function quickWrite(path: string, contents: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}-${counter++}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}
