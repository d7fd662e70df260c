import { parseExactJson, type ExactJson } from "@retool-ts/core";
import { z } from "zod";

/** One well-formed call in a text. */
export interface HermesCall {
  readonly name: string;
  /** Any JSON value; tools check its shape. Integers beyond 2⁵³ are texts of their digits. */
  readonly arguments: unknown;
  /** Those integers, where there are any. */
  readonly kept?: readonly string[];
  /** Where its opening tag begins. */
  readonly offset: number;
}

/** A block that is no call. */
export interface MalformedCall {
  readonly reason: string;
  readonly offset: number;
}

/** What {@link extractHermesCalls} finds. */
export interface HermesCalls {
  /** The text without its blocks. */
  readonly content: string;
  readonly calls: readonly HermesCall[];
  readonly malformed: readonly MalformedCall[];
}

const OPEN = "<tool_call>";
const CLOSE = "</tool_call>";

/** Other keys are ignored; `arguments` may be any value, but must be there. */
const Call = z.object({ name: z.string(), arguments: z.unknown() });

/**
 * Finds the calls in a text of the Hermes format: `<tool_call>` around strict JSON with `name` and `arguments`.
 *
 * A block that is not closed is text. One whose JSON is bad, or lacks a key, is malformed and no call, as in verl. A closing tag in a
 * string of the JSON closes nothing.
 */
export function extractHermesCalls(text: string): HermesCalls {
  const calls: HermesCall[] = [];
  const malformed: MalformedCall[] = [];
  let content = "";
  let end = 0;
  for (;;) {
    const offset = text.indexOf(OPEN, end);
    const first = offset < 0 ? -1 : text.indexOf(CLOSE, offset + OPEN.length);
    if (first < 0) return { content: content + text.slice(end), calls, malformed };
    const { read, close } = readBlock(text, offset + OPEN.length, first);
    if ("reason" in read) malformed.push({ ...read, offset });
    else calls.push({ ...read, offset });
    content += text.slice(end, offset);
    end = close + CLOSE.length;
  }
}

type Read = Omit<HermesCall, "offset"> | Omit<MalformedCall, "offset">;

/** Reads a block up to the closing tag that ends it: one behind a tag in a string only where that makes a call. */
function readBlock(text: string, from: number, first: number): { readonly read: Read; readonly close: number } {
  const close = closeOutsideStrings(text, from, first);
  const read = readCall(text.slice(from, close));
  return close === first || !("reason" in read) ? { read, close } : { read: readCall(text.slice(from, first)), close: first };
}

/** Where the first closing tag outside a string stands; the first of all if that string never ends. */
function closeOutsideStrings(text: string, from: number, first: number): number {
  let isString = false;
  let i = from;
  for (let close = first; close >= 0; close = text.indexOf(CLOSE, close + CLOSE.length)) {
    for (; i < close; i++) {
      const character = text[i]!;
      if (character === '"') isString = !isString;
      else if (isString && character < " ") return first; // no JSON
      else if (character === "\\") {
        if (!isString) return first;
        i++;
      }
    }
    if (!isString) return close;
  }
  return first;
}

function readCall(inside: string): Read {
  const { value, kept = [], error } = parseJson(inside);
  if (error !== undefined) return { reason: `not JSON: ${error}` };
  const call = Call.safeParse(value);
  if (call.success) return { name: call.data.name, arguments: call.data.arguments, ...(kept.length > 0 && { kept }) };
  return { reason: describe(call.error.issues[0]!) };
}

function parseJson(text: string): Partial<ExactJson> & { readonly error?: string } {
  try {
    return parseExactJson(text);
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function describe({ path, message }: z.core.$ZodIssue): string {
  return `${path.join(".") || "call"}: ${message}`;
}
