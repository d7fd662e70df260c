import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { modelTokenizerFromGguf, type ModelTokenizer } from "@retool-ts/data";
import { loadModelTokenizer } from "@retool-ts/data/node";
import { readGgufMetadata } from "@retool-ts/policy/node";

/** True for a path of a GGUF file, by its ending. */
export function isGguf(path: string): boolean {
  return path.toLowerCase().endsWith(".gguf");
}

/** True for a path of a model: a `.gguf` file, or a folder with `config.json`. */
export function isModel(path: string): Promise<boolean> {
  return exists(isGguf(path) ? path : join(path, "config.json"));
}

/** Tokenizer, chat template and end ids of a Hugging Face folder or a `.gguf` file. */
export async function readModelTokenizer(path: string): Promise<ModelTokenizer> {
  return isGguf(path) ? modelTokenizerFromGguf(await readGgufMetadata(path), path) : loadModelTokenizer(path);
}

/** True for a model that comes with a chat template, without reading all of its tokenizer. */
export async function hasChatTemplate(path: string): Promise<boolean> {
  if (isGguf(path)) return (await readGgufMetadata(path)).has("tokenizer.chat_template");
  if (await exists(join(path, "chat_template.jinja"))) return true;
  const config = await readFile(join(path, "tokenizer_config.json"), "utf8").catch(() => "");
  return /"chat_template"\s*:\s*["[]/.test(config);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
