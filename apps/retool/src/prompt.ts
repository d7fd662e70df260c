import { readFile } from "node:fs/promises";
import { InputError } from "@retool-ts/core";
import type { Tokenizer } from "@retool-ts/data";
import type { RecipeConfig } from "./recipe-config.js";

/** Turns a question into prompt ids. The question is data: it cannot bring control tokens; the template can. */
export type PromptEncoder = (question: string) => number[];

const PLACE = "{question}";

/**
 * Reads the template of a config.
 *
 * @throws InputError when the template's file is missing or has no `{question}`.
 */
export async function promptEncoder({ template, file }: RecipeConfig["prompt"], tokenizer: Tokenizer): Promise<PromptEncoder> {
  const text = file === null ? template : await readTemplate(file);
  const place = text.indexOf(PLACE);
  const before = tokenizer.encode(text.slice(0, place));
  const after = tokenizer.encode(text.slice(place + PLACE.length));
  return (question) => [...before, ...tokenizer.encodeUntrusted(question), ...after];
}

async function readTemplate(file: string): Promise<string> {
  const problem = (found: string, fix: string, cause?: unknown) =>
    new InputError({ what: "prompt template", where: file, expected: `a text file with ${PLACE}`, found, fix }, { cause });
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw problem((error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : String(error), "check prompt.file", error);
  }
  if (!text.includes(PLACE)) throw problem("no such placeholder", `put ${PLACE} where the question goes`);
  return text;
}
