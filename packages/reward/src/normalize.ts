import { isDigits, stripSpace } from "./python-text.js";

/** Replaced one after another, each in the whole string. */
const REPLACED: readonly (readonly [before: string, after: string])[] = [
  ["an ", ""],
  ["a ", ""],
  [".$", "$"],
  ["\\$", ""],
  ["\\ ", ""],
  [" ", ""],
  ["mbox", "text"],
  [",\\text{and}", ","],
  ["\\text{and}", ","],
  ["\\text{m}", "\\text{}"],
];

/** Deleted one after another: units and decoration of an answer. */
const DELETED: readonly string[] = [
  "square",
  "ways",
  "integers",
  "dollars",
  "mph",
  "inches",
  "hours",
  "km",
  "units",
  "\\ldots",
  "sue",
  "points",
  "feet",
  "minutes",
  "digits",
  "cents",
  "degrees",
  "cm",
  "gm",
  "pounds",
  "meters",
  "meals",
  "edges",
  "students",
  "childrentickets",
  "multiples",
  "\\text{s}",
  "\\text{.}",
  "\\text{\ns}",
  "\\text{}^2",
  "\\text{}^3",
  "\\text{\n}",
  "\\text{}",
  "\\mathrm{th}",
  "^\\circ",
  "^{\\circ}",
  "\\;",
  ",\\!",
  "{,}",
  '"',
  "\\dots",
];

/**
 * The answer normalization of Minerva as DAPO and verl apply it, side effects included: units vanish inside other words,
 * `a b c` becomes `bc`, and `\dfrac` is not `\frac`.
 *
 * Lewkowycz et al., "Solving Quantitative Reasoning Problems with Language Models", app. D.1
 * (https://arxiv.org/abs/2206.14858); verl's `verl/utils/reward_score/math_dapo.py`. Time is linear in the length.
 */
export function normalizeFinalAnswer(answer: string): string {
  let text = answer.slice(answer.lastIndexOf("=") + 1);
  for (const [before, after] of REPLACED) text = text.replaceAll(before, () => after);
  for (const expression of DELETED) text = text.replaceAll(expression, "");
  text = mapLines(text, keepFirstMaths);
  for (const command of ["\\text{", "\\textbf{", "\\overline{"]) text = unwrap(text, command);
  text = mapLines(text, unwrapBox);
  text = text.replace(/frac([^{])([^\n])/gu, (_, top: string, bottom: string) => `frac{${top}}{${bottom}}`);
  text = text.replace(/sqrt([^{])/gu, (_, inside: string) => `sqrt{${inside}}`);
  text = text.replaceAll("$", "");
  const withoutCommas = text.replaceAll(",", "");
  return stripSpace(isDigits(withoutCommas) ? withoutCommas : text);
}

function mapLines(text: string, map: (line: string) => string): string {
  return text.split("\n").map(map).join("\n");
}

/** Of a line with two dollars, the part from the first to the second. */
function keepFirstMaths(line: string): string {
  const first = line.indexOf("$");
  const second = first < 0 ? -1 : line.indexOf("$", first + 1);
  return second < 0 ? line : line.slice(first, second + 1);
}

/** Of a line, takes away the first `\boxed{` and the last brace behind it. */
function unwrapBox(line: string): string {
  const command = "\\boxed{";
  const open = line.indexOf(command);
  const close = line.lastIndexOf("}");
  if (open < 0 || close < open) return line;
  return line.slice(0, open) + line.slice(open + command.length, close) + line.slice(close + 1);
}

/** Takes away each `command` and the next brace behind it on the same line. */
function unwrap(text: string, command: string): string {
  let result = "";
  let done = 0;
  let close = -1;
  let newline = -1;
  for (let open = text.indexOf(command); open >= 0; open = text.indexOf(command, Math.max(open + command.length, done))) {
    const inside = open + command.length;
    if (close < inside) close = text.indexOf("}", inside);
    if (close < 0) break;
    if (newline < inside) newline = indexOrEnd(text, "\n", inside);
    if (newline < close) continue;
    result += text.slice(done, open) + text.slice(inside, close);
    done = close + 1;
  }
  return result + text.slice(done);
}

function indexOrEnd(text: string, search: string, from: number): number {
  const index = text.indexOf(search, from);
  return index < 0 ? text.length : index;
}
