import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defined, InputError } from "@retool-ts/core";
import { createTokenizer, type Tokenizer } from "./tokenizer.js";

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a Hugging Face tokenizer from a folder: `tokenizer.json` and, where present, `tokenizer_config.json`,
 * `special_tokens_map.json`, `generation_config.json` and `chat_template.jinja`.
 *
 * @throws InputError naming the file when it is missing or unreadable.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const tokenizer = await readFolderJson(folder, "tokenizer.json");
  if (tokenizer === undefined) {
    throw new InputError({
      what: "tokenizer",
      where: join(folder, "tokenizer.json"),
      expected: "a file",
      found: "none",
      fix: "give the folder of a checkpoint that has tokenizer.json",
    });
  }
  const stated = (await readFolderJson(folder, "tokenizer_config.json")) ?? {};
  const specialTokens = (await readFolderJson(folder, "special_tokens_map.json")) ?? {};
  const template = await readText(folder, "chat_template.jinja");
  const config = { ...specialTokens, ...defined({ chat_template: template }), ...withoutNulls(stated) };
  const loaded = createTokenizer({ tokenizer, config }, folder);
  if (loaded.eosTokenId !== undefined) return loaded;
  const eos = await eosOfGeneration(folder, loaded);
  return eos === undefined ? loaded : createTokenizer({ tokenizer, config: { ...config, eos_token: eos } }, folder);
}

async function eosOfGeneration(folder: string, tokenizer: Tokenizer): Promise<string | undefined> {
  const ids = (await readFolderJson(folder, "generation_config.json"))?.["eos_token_id"];
  const id: unknown = Array.isArray(ids) ? ids[0] : ids;
  return typeof id === "number" ? tokenizer.idToToken(id) : undefined;
}

function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

/**
 * A JSON object in a folder; undefined when there is no such file.
 *
 * @throws InputError when it is not a JSON object.
 */
export async function readFolderJson(folder: string, name: string): Promise<JsonObject | undefined> {
  const text = await readText(folder, name);
  if (text === undefined) return undefined;
  const refuse = (found: string, cause?: unknown) =>
    new InputError(
      { what: "tokenizer", where: join(folder, name), expected: "a JSON object", found, fix: "download or save the file again" },
      { cause },
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse(JSON.stringify(value).slice(0, 40));
  return value as JsonObject;
}

/** undefined when there is no such file. */
async function readText(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    if (code === "ENOENT") return undefined;
    throw new InputError(
      { what: "tokenizer", where: path, expected: "a readable file", found: code, fix: "check the path and its permissions" },
      { cause },
    );
  }
}
