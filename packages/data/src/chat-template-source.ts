import { InputError } from "@retool-ts/core";
import { z } from "zod";
import type { TokenizerFiles } from "./tokenizer-files.js";

/** `chat_template` of `tokenizer_config.json`: one template, or several by name. */
const ChatTemplates = z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() })).min(1)]).nullish();

/**
 * The chat template that comes with a tokenizer. Of several, the one for tool use, which also does without tools, else the default one.
 *
 * @param where - names the files in messages
 * @returns undefined when there is none
 * @throws InputError when it is neither text nor a list of named texts.
 */
export function chatTemplateOf({ config }: TokenizerFiles, where = "files"): string | undefined {
  const parsed = ChatTemplates.safeParse(config["chat_template"]);
  if (!parsed.success) {
    throw new InputError({
      what: "tokenizer",
      where: `${where}: tokenizer_config.json chat_template`,
      expected: "a Jinja template, or a list of { name, template }",
      found: JSON.stringify(config["chat_template"]).slice(0, 60),
      fix: "correct it, or write the template to chat_template.jinja",
    });
  }
  const value = parsed.data;
  if (typeof value === "string" || value == null) return value ?? undefined;
  const named = (name: string) => value.find((entry) => entry.name === name)?.template;
  return named("tool_use") ?? named("default") ?? value[0]!.template;
}

/** The special tokens by the names under which templates know them: `bos_token`, `eos_token` and so on. */
export function templateVariables({ config }: TokenizerFiles): Record<string, string> {
  const names = ["bos_token", "eos_token", "pad_token", "unk_token"];
  return Object.fromEntries(names.flatMap((name) => (contentOf(config[name]) === undefined ? [] : [[name, contentOf(config[name])!]])));
}

function contentOf(token: unknown): string | undefined {
  if (typeof token === "string") return token;
  const content = typeof token === "object" && token !== null && "content" in token ? token.content : undefined;
  return typeof content === "string" ? content : undefined;
}
