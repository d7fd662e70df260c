import { HttpFault } from "@retool-ts/http";
import { contextFault } from "./completion-engine.js";

/** No text that anyone writes has more characters a token. */
const CHARACTERS_PER_TOKEN = 32;
/** Tools and variables that a template leaves out count nothing for the model, so that small ones need room as well. */
const LEAST_CHARACTERS = 2 ** 18;
const VALUES_PER_TOKEN = 8;
const LEAST_VALUES = 2 ** 14;

/**
 * Refuses a request whose messages, tools or variables are so large that reading them would hold up all others, before they are read. What a
 * prompt of this length can say passes.
 *
 * @param maxLength - the longest sequence of the model, in tokens
 * @throws HttpFault with 400.
 */
export function checkRequestSize(body: unknown, maxLength: number): void {
  if (typeof body !== "object" || body === null) return;
  const limits = {
    characters: Math.max(LEAST_CHARACTERS, CHARACTERS_PER_TOKEN * maxLength),
    values: Math.max(LEAST_VALUES, VALUES_PER_TOKEN * maxLength),
  };
  for (const param of ["messages", "tools", "chat_template_kwargs"] as const) {
    const found = sizeAbove((body as Readonly<Record<string, unknown>>)[param], limits);
    if (found === undefined) continue;
    if (param === "messages") throw contextFault(maxLength, `the messages have more than ${found}`);
    throw new HttpFault(400, `${param}: expected at most ${found}`, { param, code: "invalid_value" });
  }
}

interface Limits {
  readonly characters: number;
  readonly values: number;
}

/** Says which limit a value exceeds, at the moment when it is known. */
function sizeAbove(root: unknown, limits: Limits): string | undefined {
  const open: unknown[] = [root];
  let [characters, values] = [0, 0];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string") characters += value.length;
    else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (!Array.isArray(value)) characters += key.length;
        open.push(inner);
      }
    }
    if (++values + open.length > limits.values) return `${limits.values} values`;
    if (characters > limits.characters) return `${limits.characters} characters`;
  }
  return undefined;
}

/**
 * Encodes text that may be far longer than a model takes, without encoding much more of it than the model takes: a beginning that has twice
 * as many tokens tells already.
 *
 * @throws HttpFault with 400.
 */
export function encodeWithin(maxLength: number, encode: (text: string) => number[], text: string, param?: string): number[] {
  for (let length = 4 * maxLength; length < text.length; length *= 2) {
    if (encode(text.slice(0, length)).length > 2 * maxLength)
      throw contextFault(maxLength, "the prompt has more than twice as many", param);
  }
  return encode(text);
}
