import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

/** SHA-256 of a text, in hex. */
export function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Hash of the weights, model config and tokenizer in a folder, or of a file that holds them all. */
export async function hashModel(path: string): Promise<string> {
  const isFile = (await stat(path)).isFile();
  const folder = isFile ? dirname(path) : path;
  const all = isFile ? [basename(path)] : await readdir(path);
  const names = all.filter((name) => /\.(safetensors|gguf)$|^(config|tokenizer)\.json$/.test(name)).sort();
  return hashFiles(
    folder,
    names.filter((file) => file !== "optimizer.safetensors"),
  );
}

/**
 * Hash of a file of data, or of all files in a folder.
 *
 * @param name - that a file had when it was hashed before
 */
export async function hashData(path: string, name = basename(path)): Promise<string> {
  if ((await stat(path)).isFile()) return hashFiles(dirname(path), [basename(path)], [name]);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1));
  return hashFiles(path, files.sort());
}

async function hashFiles(folder: string, names: readonly string[], called: readonly string[] = names): Promise<string> {
  const hash = createHash("sha256");
  for (const [index, name] of names.entries()) {
    hash.update(`${called[index]}\n`);
    await pipeline(createReadStream(join(folder, name)), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) hash.update(chunk);
    });
  }
  return hash.digest("hex");
}
