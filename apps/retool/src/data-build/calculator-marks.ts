/** A worked step: the expression inside a calculator mark, without blanks, and the value that the mark states. */
export interface MarkedStep {
  readonly expression: string;
  readonly value: string;
}

/** Steps and final answer of a solution with calculator marks, or why they cannot be taken out of it. */
export type MarkedSolution =
  | { readonly status: "read"; readonly steps: readonly MarkedStep[]; readonly answer: string }
  | { readonly status: "unread"; readonly reason: "noMarks" | "noAnswer" | "notArithmetic"; readonly detail: string };

const MARK = /<<([^<>=]*)=([^<>]*)>>/g;
/** Without `//`, which begins a comment in JavaScript. */
const ARITHMETIC = /^(?!.*\/\/)[\d.+\-*/()]+$/;
const NUMBER = /\d+\.?\d*|\.\d+/g;

/**
 * Reads a solution as GSM8K writes it: sentences with marks such as `<<48/2=24>>`, then `#### 72`.
 *
 * The marks are those of Cobbe et al., "Training Verifiers to Solve Math Word Problems" (https://arxiv.org/abs/2110.14168), appendix C.
 */
export function readMarks(solution: string): MarkedSolution {
  const marks = [...solution.matchAll(MARK)];
  if (marks.length === 0) return { status: "unread", reason: "noMarks", detail: "no <<…=…>>" };
  const answer = /####\s*(\S[^\n]*?)\s*$/.exec(solution)?.[1];
  if (answer === undefined) return { status: "unread", reason: "noAnswer", detail: "no #### at the end" };
  const steps = marks.map(([, expression = "", value = ""]) => ({ expression: plainExpression(expression), value: plainNumber(value) }));
  const strange = steps.find(({ expression }) => !ARITHMETIC.test(expression));
  if (strange !== undefined) return { status: "unread", reason: "notArithmetic", detail: strange.expression.slice(0, 60) };
  return { status: "read", steps, answer: plainNumber(answer) };
}

/**
 * The steps as one program, a line each, whose last line is the last step's value: `a=48/2`, then `48+a`.
 *
 * A number that an earlier step came to stands there by that step's name, the latest such step's, because who writes a program does not know
 * its results.
 */
export function stepsAsCode(steps: readonly MarkedStep[]): string {
  const lines = steps.map(({ expression }, index) => {
    const earlier = steps.slice(0, index);
    const named = expression.replaceAll(NUMBER, (number) => {
      const source = earlier.findLastIndex(({ value }) => Number(value) === Number(number));
      return source < 0 ? number : nameOf(source);
    });
    return index === steps.length - 1 ? named : `${nameOf(index)}=${named}`;
  });
  // a line that begins with a parenthesis or a sign would go on with the one before
  return lines.join("\n").replaceAll(/\n(?=[(+-])/g, ";\n");
}

/** The steps as text, with their results: `48/2=24`. */
export function stepsAsText(steps: readonly MarkedStep[]): string {
  return steps.map(({ expression, value }) => `${expression}=${value}`).join("\n");
}

/** Whether a printed number is the stated one, but for the last bits of a double. */
export function isValue(printed: string, stated: string): boolean {
  if (printed.trim() === "" || stated === "") return false;
  const difference = Math.abs(Number(printed) - Number(stated));
  return difference <= 1e-9 * Math.max(1, Math.abs(Number(stated)));
}

/** a to z, then a1 to z1, and so on. */
function nameOf(step: number): string {
  const letter = String.fromCharCode(97 + (step % 26));
  return step < 26 ? letter : `${letter}${Math.floor(step / 26)}`;
}

/** Without blanks, dollar signs and commas between digits; per cent as a division. */
function plainExpression(text: string): string {
  return text
    .replaceAll(/[\s$]/g, "")
    .replaceAll(/(?<=\d),(?=\d{3})/g, "")
    .replaceAll(/(\d+\.?\d*|\.\d+)%/g, "($1/100)");
}

function plainNumber(text: string): string {
  return text.replaceAll(/[\s$]/g, "").replaceAll(/(?<=\d),(?=\d{3})/g, "");
}
