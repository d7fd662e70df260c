/** A worked step: words that lead to it, the expression inside a calculator mark, and the value that the mark states. */
export interface MarkedStep {
  readonly words: string;
  readonly expression: string;
  readonly value: string;
}

/** Steps, closing words and final answer of a solution with calculator marks, or why they cannot be taken out of it. */
export type MarkedSolution =
  | { readonly status: "read"; readonly steps: readonly MarkedStep[]; readonly end: string; readonly answer: string }
  | { readonly status: "unread"; readonly reason: "noMarks" | "noAnswer" | "notArithmetic"; readonly detail: string };

const MARK = /<<([^<>=]*)=([^<>]*)>>/g;
/** Without `//`, which begins a comment in JavaScript. */
const ARITHMETIC = /^(?!.*\/\/)[\d.+\-*/()]+$/;
const NUMBER = /\d[\d,]*\.?\d*|\.\d+/g;

/**
 * Reads a solution as GSM8K writes it: sentences such as `He sold 48/2 = <<48/2=24>>24 clips in May.`, then `#### 72`. What a sentence says
 * twice, the calculation before its mark and the result behind it, is left out of its words: `He sold`, `48/2`, `clips in May.`
 *
 * The marks are those of Cobbe et al., "Training Verifiers to Solve Math Word Problems" (https://arxiv.org/abs/2110.14168), appendix C.
 */
export function readMarks(solution: string): MarkedSolution {
  const marks = [...solution.matchAll(MARK)];
  if (marks.length === 0) return { status: "unread", reason: "noMarks", detail: "no <<…=…>>" };
  const answer = /\n?####\s*(\S[^\n]*?)\s*$/.exec(solution);
  if (answer === null) return { status: "unread", reason: "noAnswer", detail: "no #### at the end" };
  const read = marks.map((mark) => ({ mark, expression: plainExpression(mark[1]!), value: plainNumber(mark[2]!) }));
  const strange = read.find(({ expression }) => !ARITHMETIC.test(expression));
  if (strange !== undefined) return { status: "unread", reason: "notArithmetic", detail: strange.expression.slice(0, 60) };
  const steps: MarkedStep[] = [];
  let rest = solution.slice(0, answer.index);
  let taken = 0;
  for (const { mark, expression, value } of read) {
    const at = mark.index - taken;
    steps.push({ words: withoutCalculation(rest.slice(0, at), expression), expression, value });
    const behind = rest.slice(at + mark[0].length);
    const kept = withoutResult(behind, value);
    taken += rest.length - kept.length;
    rest = kept;
  }
  return { status: "read", steps, end: rest.trimEnd(), answer: plainNumber(answer[1]!) };
}

/** A solution's sentences without its marks and the line of the answer. */
export function withoutMarks(solution: string): string {
  return solution
    .replaceAll(MARK, "")
    .replace(/\n?####[^\n]*$/, "")
    .trim();
}

/** Whether a printed number is the stated one, but for the last bits of a double. */
export function isValue(printed: string, stated: string): boolean {
  if (printed.trim() === "" || stated === "") return false;
  const difference = Math.abs(Number(printed) - Number(stated));
  return difference <= 1e-9 * Math.max(1, Math.abs(Number(stated)));
}

/** Words before a mark up to where its numbers begin, when these are the last ones there; else up to the equals sign. */
function withoutCalculation(words: string, expression: string): string {
  const said = [...words.matchAll(NUMBER)];
  const meant = numbersIn(expression);
  const last = said.slice(-meant.length);
  const isSaid = last.length === meant.length && last.every(([number], i) => Number(plainNumber(number)) === meant[i]);
  const kept = isSaid ? words.slice(0, last[0]!.index) : words;
  return kept.replace(/[\s$(=]+$/, "");
}

/** Words behind a mark without the result that they begin with. */
function withoutResult(words: string, value: string): string {
  const said = /^\s*\$?(\d[\d,]*(?:\.\d+)?|\.\d+)/.exec(words);
  return said !== null && Number(plainNumber(said[1]!)) === Number(value) ? words.slice(said[0].length) : words;
}

function numbersIn(expression: string): number[] {
  return [...expression.matchAll(NUMBER)].map(([number]) => Number(number));
}

/** Without blanks, dollar signs and commas between digits; per cent as a division. */
function plainExpression(text: string): string {
  return plainNumber(text).replaceAll(/(\d+\.?\d*|\.\d+)%/g, "($1/100)");
}

function plainNumber(text: string): string {
  return text.replaceAll(/[\s$]|(?<=\d),(?=\d{3})/g, "");
}
