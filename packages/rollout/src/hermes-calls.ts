import { z } from "zod";

/** One well-formed call in a text. */
export interface HermesCall {
  readonly name: string;
  /** Any JSON value; tools check its shape. */
  readonly arguments: unknown;
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
 * A block that is not closed is text. One whose JSON is bad, or lacks a key, is malformed and no call, as in verl.
 */
export function extractHermesCalls(text: string): HermesCalls {
  const calls: HermesCall[] = [];
  const malformed: MalformedCall[] = [];
  let content = "";
  let end = 0;
  for (;;) {
    const offset = text.indexOf(OPEN, end);
    const close = offset < 0 ? -1 : text.indexOf(CLOSE, offset + OPEN.length);
    if (close < 0) return { content: content + text.slice(end), calls, malformed };
    const read = readCall(text.slice(offset + OPEN.length, close));
    if ("reason" in read) malformed.push({ ...read, offset });
    else calls.push({ ...read, offset });
    content += text.slice(end, offset);
    end = close + CLOSE.length;
  }
}

function readCall(inside: string): Omit<HermesCall, "offset"> | Omit<MalformedCall, "offset"> {
  const { value, error } = parseJson(inside);
  if (error !== undefined) return { reason: `not JSON: ${error}` };
  const call = Call.safeParse(value);
  return call.success ? { name: call.data.name, arguments: call.data.arguments } : { reason: describe(call.error.issues[0]!) };
}

function parseJson(text: string): { readonly value?: unknown; readonly error?: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function describe({ path, message }: z.core.$ZodIssue): string {
  return `${path.join(".") || "call"}: ${message}`;
}
