import { lastBoxed } from "@retool-ts/reward";
import { REVISED } from "./rewrite-prompt.js";

/** Text, the code after it, and the output that the model claims for it. */
export interface ClaimedCall {
  readonly text: string;
  readonly code: string;
  readonly claimed: string;
}

/** A rewritten trace taken apart. */
export interface RewrittenTrace {
  readonly calls: readonly ClaimedCall[];
  /** Text behind the last output, with the answer in its tags. */
  readonly end: string;
  /** Inside of the last box in the answer. */
  readonly answer: string;
}

/** A trace, or what is wrong with its form. */
export type TraceReading =
  | { readonly status: "ok"; readonly trace: RewrittenTrace }
  | { readonly status: "malformed"; readonly reason: string };

const TAG = /<(\/?)(code|interpreter|answer)>/g;
const FENCED = /^```[\w+-]*[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```$/;

/**
 * Reads what a model made of a trace. Tags must come as code and its output, any number of times, then the answer, and nothing after
 * it, so that the places where a tool is called can always be told.
 */
export function readRewrittenTrace(reply: string): TraceReading {
  const body = revisedPart(reply);
  if (body === undefined) return malformed(`no <${REVISED}> … </${REVISED}>`);
  const tags = [...body.matchAll(TAG)];
  const expected = ["code", "/code", "interpreter", "/interpreter"];
  const calls: ClaimedCall[] = [];
  let position = 0;
  let index = 0;
  for (; tags[index]?.[0] === "<code>"; index += 4) {
    const four = tags.slice(index, index + 4);
    const wrong = expected.findIndex((name, i) => four[i]?.[0] !== `<${name}>`);
    if (wrong >= 0) return malformed(`expected <${expected[wrong]!}>, found ${four[wrong]?.[0] ?? "the end"}`);
    const [open, close, output, outputClose] = four as [RegExpExecArray, RegExpExecArray, RegExpExecArray, RegExpExecArray];
    if (inside(body, close, output).trim() !== "") return malformed("text between </code> and <interpreter>");
    const code = unfenced(inside(body, open, close));
    if (code === undefined) return malformed("a code block that is empty or has several fences");
    calls.push({ text: body.slice(position, open.index), code, claimed: inside(body, output, outputClose).trim() });
    position = outputClose.index + outputClose[0].length;
  }
  const [open, close, ...others] = tags.slice(index);
  if (open?.[0] !== "<answer>" || close?.[0] !== "</answer>")
    return malformed(`expected <answer> … </answer>, found ${open?.[0] ?? "none"}`);
  const after = body.slice(close.index + close[0].length);
  if (others.length > 0 || after.trim() !== "") return malformed("text behind </answer>");
  const answer = lastBoxed(inside(body, open, close))?.text;
  if (answer === undefined || answer.trim() === "") return malformed("an answer without \\boxed{…}");
  return { status: "ok", trace: { calls, end: body.slice(position).trimEnd(), answer } };
}

/** The inside of the tag; an answer that a model wrote behind it belongs to it. */
function revisedPart(reply: string): string | undefined {
  const [open, close] = [`<${REVISED}>`, `</${REVISED}>`];
  const start = reply.lastIndexOf(open);
  const end = reply.indexOf(close, start);
  if (start < 0 || end < 0) return undefined;
  const body = reply.slice(start + open.length, end).trim();
  return body.includes("<answer>") ? body : `${body}\n${reply.slice(end + close.length).trim()}`;
}

function inside(body: string, open: RegExpExecArray, close: RegExpExecArray): string {
  return body.slice(open.index + open[0].length, close.index);
}

function unfenced(block: string): string | undefined {
  const text = block.trim();
  const code = (FENCED.exec(text)?.[1] ?? text).trim();
  return code === "" || code.includes("```") ? undefined : code;
}

function malformed(reason: string): TraceReading {
  return { status: "malformed", reason };
}
