import { readFile } from "node:fs/promises";
import { InputError } from "@retool-ts/core";
import { beginningIds, renderChat, templateVariables, type ChatMessage, type Tokenizer, type ToolSchema } from "@retool-ts/data";
import { defaultTemplate } from "./prompt-texts.js";
import { interpreterLanguage } from "./sandbox-setup.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/** Turns a question into prompt ids. The question is data: it cannot bring control tokens; the template can. */
export type PromptEncoder = (question: string) => number[];

const PLACE = "{question}";

/** Parts of a config that decide a prompt. */
type PromptConfig = Pick<RecipeConfig, "prompt" | "dialect" | "sandbox">;

/** Model and tools that prompts are made for. */
export interface PromptTarget {
  readonly tokenizer: Tokenizer;
  /** The model's own; `prompt.chatTemplate` goes before it. */
  readonly chatTemplate: string | undefined;
  /** Tools that a chat template lists. */
  readonly toolSchemas: readonly ToolSchema[];
}

/** The chat template that prompts are written with: undefined in the plain format. */
export async function chatTemplateFor({ prompt }: Pick<RecipeConfig, "prompt">, own: string | undefined): Promise<string | undefined> {
  if (prompt.format === "plain") return undefined;
  const template = prompt.chatTemplate === null ? own : await readText(prompt.chatTemplate, "prompt.chatTemplate");
  if (template !== undefined || prompt.format === "auto") return template;
  throw new InputError({
    what: "config",
    where: "prompt.format: chat",
    expected: "a model with a chat template",
    found: "one without",
    fix: "name a Jinja file as prompt.chatTemplate, or use prompt.format: plain",
  });
}

/**
 * Makes the encoder of a config's prompts.
 *
 * With a chat template, the ids are those of the whole rendered conversation, as `apply_chat_template` of `transformers` gives them;
 * without one, those of the text, begun with the tokenizer's beginning of text where it asks for that.
 *
 * @throws InputError when the text's file is missing or has no `{question}`, or the chat template refuses the messages.
 */
export async function promptEncoder(config: PromptConfig, target: PromptTarget): Promise<PromptEncoder> {
  const { prompt, dialect } = config;
  const { tokenizer } = target;
  const template = await chatTemplateFor(config, target.chatTemplate);
  const [before, after] = await promptText(config, template === undefined ? "plain" : "chat");
  if (template === undefined) {
    const start = [...beginningIds(tokenizer), ...tokenizer.encode(before)];
    const end = tokenizer.encode(after);
    return (question) => [...start, ...tokenizer.encodeUntrusted(question), ...end];
  }
  const tools = prompt.tools && dialect.name === "hermes" ? target.toolSchemas : [];
  const variables = templateVariables(tokenizer.files);
  const render = (question: string) => {
    return renderChat(template, messagesAround(question, [before, after], prompt.system), { tools, variables, addGenerationPrompt: true });
  };
  render("?"); // a template that refuses is told of now, not after the model has been loaded for minutes
  return (question) => encodeConversation(tokenizer, render, question);
}

/**
 * The messages that begin a conversation about a question, for a server that renders them itself.
 *
 * @throws InputError when the text's file is missing or has no `{question}`.
 */
export async function promptMessages(config: PromptConfig): Promise<(question: string) => ChatMessage[]> {
  const around = await promptText(config, "chat");
  return (question) => messagesAround(question, around, config.prompt.system);
}

/**
 * Texts before and behind a question.
 *
 * @throws InputError when the text's file is missing or has no `{question}`.
 */
export async function promptText(config: PromptConfig, format: "chat" | "plain"): Promise<readonly [before: string, after: string]> {
  const { prompt, dialect } = config;
  const style = { format, dialect: dialect.name, tools: prompt.tools, language: interpreterLanguage(config) };
  const text = prompt.file === null ? (prompt.template ?? defaultTemplate(style)) : await readTemplate(prompt.file);
  return [text.slice(0, text.indexOf(PLACE)), text.slice(text.indexOf(PLACE) + PLACE.length)];
}

function messagesAround(question: string, [before, after]: readonly [string, string], system: string | null): ChatMessage[] {
  const user: ChatMessage = { role: "user", content: before + question + after };
  return system === null ? [user] : [{ role: "system", content: system }, user];
}

/** Ids of the whole text, so that tokens are those of the reference; a question that names control tokens is encoded on its own. */
function encodeConversation(tokenizer: Tokenizer, render: (question: string) => string, question: string): number[] {
  const inert = tokenizer.encodeUntrusted(question);
  if (sameIds(tokenizer.encode(question), inert)) return tokenizer.encode(render(question));
  const mark = "Qx7questionx7Q";
  const [before = "", after = ""] = render(mark).split(mark);
  return [...tokenizer.encode(before), ...inert, ...tokenizer.encode(after)];
}

function sameIds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}

async function readTemplate(file: string): Promise<string> {
  const text = await readText(file, "prompt.file");
  if (text.includes(PLACE)) return text;
  const problem = { what: "prompt template", where: file, expected: `a text file with ${PLACE}`, found: "no such placeholder" };
  throw new InputError({ ...problem, fix: `put ${PLACE} where the question goes` });
}

async function readText(file: string, key: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const found = (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : String(error);
    throw new InputError({ what: "prompt template", where: file, expected: "a text file", found, fix: `check ${key}` }, { cause: error });
  }
}
