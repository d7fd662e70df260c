import { loadTokenizer, readFolderJson } from "./load-tokenizer.js";
import { describeTokenizer, idsOf, type ModelTokenizer } from "./model-tokenizer.js";

/**
 * Reads tokenizer, chat template and end ids of a Hugging Face folder: `tokenizer.json`, `tokenizer_config.json`,
 * `chat_template.jinja`, `generation_config.json` and `config.json`, where present.
 *
 * @throws InputError naming the file when one is missing or unreadable.
 */
export async function loadModelTokenizer(folder: string): Promise<ModelTokenizer> {
  const tokenizer = await loadTokenizer(folder);
  const generation = await readFolderJson(folder, "generation_config.json");
  const config = generation?.["eos_token_id"] === undefined ? await readFolderJson(folder, "config.json") : undefined;
  return describeTokenizer(tokenizer, idsOf(generation?.["eos_token_id"] ?? config?.["eos_token_id"]), folder);
}
