import { cutOffBox, lastBoxed } from "./answer.js";
import { behindAnchor, isPlausible } from "./anchor.js";
import { valueOf } from "./sentence.js";
import { withoutFence, withoutSilentText } from "./silent-text.js";

/**
 * Places of an answer. Of a box, a tag and an anchor the one that is stated last counts, and in a response with an answer tag
 * only what is in the tag; the others are for where none of these is there, in the order given.
 *
 * - `boxed`: the last `\boxed{…}` or `\fbox{…}`; boxes with nothing but commas, “and” or “or” between them are one answer, so that
 *   boxing every candidate in a row is no answer to a question that has one. A last box that is cut off or empty is no answer.
 * - `tag`: the last `<answer>…</answer>`; a box in it is preferred.
 * - `anchor`: what follows the last “answer is”, “Answer:”, “result is” or `####`, up to the end of the sentence.
 * - `whole`: the response itself where it is one short line, as an answer alone is.
 * - `sentence`: the value that the last sentence states: “The largest $n$ is 34.”
 * - `expression`: the last formula between dollar signs, `\(…\)` or `\[…\]`.
 * - `number`: the last number or fraction.
 */
export type AnswerSource = "boxed" | "tag" | "anchor" | "whole" | "sentence" | "expression" | "number";

/** All sources: for answers of any origin, bare ones and responses mixed. A reward should ask for a stated answer. */
export const ANSWER_SOURCES: readonly AnswerSource[] = ["boxed", "tag", "anchor", "whole", "sentence", "expression", "number"];

export interface ExtractOptions {
  /** Default: all but `whole` and `sentence`, in the order above. */
  readonly sources?: readonly AnswerSource[];
  /** Look only at so many characters at the end of the response. Default: all of it. */
  readonly window?: number;
}

/** An answer found in a response. */
export interface ExtractedAnswer {
  readonly text: string;
  readonly source: AnswerSource;
  /** UTF-16 indices into the response: where the match begins, box or tag included. */
  readonly start: number;
  readonly end: number;
}

type Found = Omit<ExtractedAnswer, "source">;

const SOURCES: readonly AnswerSource[] = ["boxed", "tag", "anchor", "expression", "number"];
const MAX_BOXES = 20;
/** A response longer than this is more than an answer. */
const LONGEST_WHOLE = 200;

/**
 * The answer of a response; undefined if no source has one. Reasoning in `<think>`, code and tool output are passed over, whatever
 * stands in them. Takes time linear in the response.
 */
export function extractAnswer(
  response: string,
  { sources = SOURCES, window = Infinity }: ExtractOptions = {},
): ExtractedAnswer | undefined {
  const offset = Math.max(0, response.length - window);
  const text = withoutSilentText(response).slice(offset);
  const shifted = ({ text: found, source, start, end }: ExtractedAnswer): ExtractedAnswer => ({
    text: found,
    source,
    start: start + offset,
    end: end + offset,
  });
  const stated = statedAnswer(text, response.slice(offset), sources);
  if (stated === "cut off") return undefined;
  if (stated) return shifted(stated);
  for (const source of sources) {
    const found = fallback(text, source);
    if (found && found.text.trim() !== "") return shifted({ ...found, source });
  }
  return undefined;
}

/** The inside of the last box that states an answer: in the answer tag if there is one, and not in reasoning or code. */
export function lastStatedBox(response: string): string | undefined {
  const text = withoutSilentText(response);
  const tag = lastTag(text);
  return lastBoxed(tag === undefined ? text : text.slice(tag.from, tag.to))?.text;
}

/** The last statement of a box, a tag and an anchor. */
function statedAnswer(text: string, raw: string, sources: readonly AnswerSource[]): ExtractedAnswer | "cut off" | undefined {
  const tag = sources.includes("tag") ? lastTag(text) : undefined;
  if (tag === undefined) return lastStatement(text, sources);
  const inside = text.slice(tag.from, tag.to);
  const stated = lastStatement(inside, tag.isClosed ? ["boxed", "anchor"] : ["boxed"]);
  const place = { start: tag.start, end: tag.end };
  if (stated !== undefined && stated !== "cut off")
    return { ...place, text: stated.text, source: stated.source === "boxed" ? "boxed" : "tag" };
  if (stated === "cut off" || !tag.isClosed) return "cut off";
  const whole = inside.trim() === "" ? withoutFence(raw.slice(tag.from, tag.to)).trim() : inside.trim();
  return whole === "" ? undefined : { ...place, text: whole, source: "tag" };
}

function lastStatement(text: string, sources: readonly AnswerSource[]): ExtractedAnswer | "cut off" | undefined {
  const boxed = sources.includes("boxed") ? joinedBoxes(text) : undefined;
  const box = boxed && boxed.text.trim() !== "" ? boxed : undefined;
  // A last box with nothing in it withdraws what was stated before, as one that never closes.
  const cutOff =
    boxed !== undefined ? (box === undefined ? boxed.start : undefined) : sources.includes("boxed") ? cutOffBox(text) : undefined;
  const anchor = sources.includes("anchor") ? behindAnchor(text) : undefined;
  const isLater = anchor && isPlausible(anchor) && anchor.start >= (box?.end ?? cutOff ?? 0);
  if (anchor && anchor.text !== "" && (isLater || (box === undefined && cutOff === undefined))) return { ...anchor, source: "anchor" };
  if (cutOff !== undefined) return "cut off";
  return box && { ...box, source: "boxed" };
}

function fallback(text: string, source: AnswerSource): Found | undefined {
  switch (source) {
    case "boxed":
    case "tag":
    case "anchor":
      return undefined;
    case "whole":
      return wholeLine(text);
    case "sentence":
      return lastSentence(text);
    case "expression":
      return lastFormula(text);
    case "number":
      return lastNumber(text);
  }
}

function wholeLine(text: string): Found | undefined {
  const line = text.trim();
  if (line.length > LONGEST_WHOLE || line.includes("\n")) return undefined;
  const start = text.indexOf(line);
  return { text: line, start, end: start + line.length };
}

/** The last sentence, if it says that something is something. */
function lastSentence(text: string): Found | undefined {
  const line = text.slice(-1_000).trimEnd();
  const breaks = [...line.matchAll(/[.!?:]\s|\n/g)].at(-1);
  const sentence = line.slice(breaks ? breaks.index + breaks[0].length : 0).replace(/[.!]$/, "").trim(); // prettier-ignore
  const value = valueOf(sentence);
  if (value === undefined || !/\d|\$|\\/.test(value)) return undefined;
  const start = text.lastIndexOf(value);
  return { text: value, start, end: start + value.length };
}

/** The last box, with those right before it; with their names where each has one, as in “$x=\boxed{1}$ and $y=\boxed{2}$”. */
export function joinedBoxes(text: string): Found | undefined {
  const last = lastBoxed(text);
  if (last === undefined) return undefined;
  const boxes = [{ text: last.text, name: nameBefore(text, last.start), joint: "" }];
  let { start } = last;
  for (let found = 1; found < MAX_BOXES; found++) {
    const before = lastBoxed(text.slice(0, start));
    const gap = before && text.slice(before.end, start);
    if (before === undefined || gap === undefined || !isJoint(gap)) break;
    const joint = /\bor\b/i.test(gap) ? " or " : ", ";
    const name = nameBefore(text, before.start);
    if (!boxes.some((box) => box.text === before.text && box.name === name)) boxes.unshift({ text: before.text, name, joint });
    ({ start } = before);
  }
  const isNamed = boxes.length > 1 && boxes.every(({ name }) => name !== undefined);
  return { text: boxes.map((box) => `${isNamed ? `${box.name} = ` : ""}${box.text}${box.joint}`).join(""), start, end: last.end };
}

const NAME = String.raw`[A-Za-z](?:_\{?\w\}?)? ?=[\s$]*`;
const JOINT = new RegExp(String.raw`^(?:and|or|text|quad|[\s$,;&\\{}()])*$`, "i");
const NAME_BEHIND_JOINT = new RegExp(String.raw`^(?:[\s$\\{}]*(?:[,;&]|\b(?:and|or)\b))(?:and|or|text|quad|[\s$,;&\\{}()])*${NAME}$`, "i");

function isJoint(gap: string): boolean {
  return gap.length <= 60 && (JOINT.test(gap) || NAME_BEHIND_JOINT.test(gap));
}

/** x of “$x = \boxed{1}$”. */
function nameBefore(text: string, start: number): string | undefined {
  const [name] = new RegExp(String.raw`(?<![A-Za-z\\_{])${NAME}$`).exec(text.slice(Math.max(0, start - 20), start)) ?? [];
  return name?.replace(/[\s=$]+$/, "");
}

/** Place of an answer tag. */
export interface Tag {
  readonly start: number;
  readonly end: number;
  /** The inside. */
  readonly from: number;
  readonly to: number;
  readonly isClosed: boolean;
}

/** The last `<answer>`; one that never closes goes to the end. */
export function lastTag(text: string): Tag | undefined {
  const close = text.lastIndexOf("</answer>");
  const start = text.lastIndexOf("<answer>");
  if (start > close) return { start, end: text.length, from: start + "<answer>".length, to: text.length, isClosed: false };
  const open = close < 0 ? -1 : text.lastIndexOf("<answer>", close);
  if (open < 0) return undefined;
  return { start: open, end: close + "</answer>".length, from: open + "<answer>".length, to: close, isClosed: true };
}

function lastFormula(text: string): Found | undefined {
  let best: Found | undefined;
  for (const [open, close] of [
    ["$", "$"],
    ["\\(", "\\)"],
    ["\\[", "\\]"],
  ] as const) {
    let end = text.lastIndexOf(close);
    if (open === "$") while (end > 0 && text[end - 1] === "$") end--;
    const start = end <= 0 ? -1 : text.lastIndexOf(open, end - 1);
    if (start < 0 || (best && best.end > end) || (open === "$" && isProse(text.slice(start + 1, end)))) continue;
    best = { text: text.slice(start + open.length, end).trim(), start, end: end + close.length };
  }
  return best;
}

/** Checks whether what stands between two dollar signs is no formula: they were prices. */
function isProse(inner: string): boolean {
  return (
    inner.includes("\n") ||
    /(?:^|[^\\{A-Za-z])[A-Za-z]{2,} [A-Za-z]{2,}/.test(inner) ||
    /[=/+] ?$/.test(inner) ||
    (inner.endsWith(" ") && !inner.startsWith(" "))
  );
}

function lastNumber(text: string): Found | undefined {
  let last: RegExpExecArray | undefined;
  for (const match of text.matchAll(/-?(?:\d+(?:,\d{3})*(?:\.\d+)?(?:\/\d+)?|\.\d+)/g)) last = match;
  return last && { text: last[0], start: last.index, end: last.index + last[0].length };
}
