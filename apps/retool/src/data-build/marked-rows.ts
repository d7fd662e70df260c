import { RetoolError } from "@retool-ts/core";
import type { Sandbox } from "@retool-ts/sandbox";
import { isValue, readMarks, withoutMarks, type MarkedSolution, type MarkedStep } from "./calculator-marks.js";
import type { SolvedRow } from "./source-rows.js";
import { resultBlock } from "./verify-trace.js";

/** Reason why a row with calculator marks is left out. */
export const MARK_REJECTIONS = {
  noMarks: "the solution has no calculator marks",
  noAnswer: "the solution does not end in #### and a number",
  notArithmetic: "a mark holds something else than numbers, + - * / ( )",
  codeFailed: "the code of a step failed",
  outputDiffers: "a step printed something else than its mark says",
  wrongAnswer: "the last step printed something else than the answer",
} as const;

export type MarkRejection = keyof typeof MARK_REJECTIONS;

/** Form of the worked steps: each calculation as code that is run, or sentences with the results in them. */
export type MarkForm = "code" | "text";

/** Options of {@link markedRows}. */
export interface MarkedRowsOptions {
  readonly form: MarkForm;
  readonly sandbox: Pick<Sandbox, "runBatch">;
  readonly signal: AbortSignal;
  readonly onRow: (done: number) => void;
}

/** Rows that were made, and those left out. */
export interface MarkedRows {
  readonly kept: readonly { readonly question: string; readonly response: string; readonly steps: number }[];
  readonly refused: readonly {
    readonly where: string;
    readonly reason: MarkRejection;
    readonly detail: string;
    readonly question: string;
  }[];
}

/** Rows whose code runs together. */
const CHUNK = 256;

/**
 * Worked solutions with calculator marks as responses. Every step is run, whichever form they take: in both, the rows are those whose marks
 * and answer a sandbox comes to as well.
 *
 * @throws RetoolError when the sandbox itself fails.
 */
export async function markedRows(rows: readonly SolvedRow[], options: MarkedRowsOptions): Promise<MarkedRows> {
  const { form, sandbox, signal, onRow } = options;
  const kept: MarkedRows["kept"][number][] = [];
  const refused: MarkedRows["refused"][number][] = [];
  for (let start = 0; start < rows.length; start += CHUNK) {
    const solutions = rows.slice(start, start + CHUNK).map((row) => ({ row, solution: readMarks(row.answer) }));
    const programs = solutions.map(({ solution }) =>
      solution.status === "read" ? solution.steps.map(({ expression }) => expression) : [],
    );
    const results = await sandbox.runBatch(programs.flat(), { signal });
    signal.throwIfAborted();
    let used = 0;
    for (const [index, { row, solution }] of solutions.entries()) {
      const outcomes = results.slice(used, (used += programs[index]!.length));
      const refuse = (reason: MarkRejection, detail: string) => {
        refused.push({ where: row.where, reason, detail, question: row.question });
      };
      if (solution.status === "unread") {
        refuse(solution.reason, solution.detail);
        continue;
      }
      const { steps, answer } = solution;
      const fault = faultOf(steps, answer, outcomes);
      if (fault !== undefined) {
        refuse(...fault);
        continue;
      }
      const worked = form === "code" ? withCode(solution, outcomes) : `${withoutMarks(row.answer)}\n`;
      kept.push({ question: row.question, response: `${worked}<answer>\\boxed{${answer}}</answer>`, steps: steps.length });
    }
    onRow(Math.min(start + CHUNK, rows.length));
  }
  return { kept, refused };
}

/** The words, with each calculation as code and what it printed. */
function withCode({ steps, end }: Extract<MarkedSolution, { status: "read" }>, outcomes: Outcomes): string {
  const parts = steps.map(({ words, expression }, index) => {
    const before = (index === 0 ? words : words.trimStart()) || "";
    return `${before}${before === "" ? "" : " "}<code>${expression}</code>${resultBlock(outcomes[index]!.feedback.trim())}`;
  });
  return `${parts.join("")}${end.trimStart()}\n`;
}

type Outcomes = Awaited<ReturnType<Sandbox["runBatch"]>>;

function faultOf(steps: readonly MarkedStep[], answer: string, outcomes: Outcomes): [MarkRejection, string] | undefined {
  for (const [index, { status, feedback }] of outcomes.entries()) {
    const { expression, value } = steps[index]!;
    if (status === "infra") {
      throw new RetoolError("SANDBOX", `a step could not be run: ${feedback}. Check the sandbox and run the same command again`);
    }
    if (status !== "ok") return ["codeFailed", `${expression}: ${feedback.slice(0, 60)}`];
    if (!isValue(feedback, value)) return ["outputDiffers", `${expression}: ${feedback.trim().slice(0, 40)} in place of ${value}`];
  }
  const last = outcomes.at(-1)!.feedback.trim();
  return isValue(last, answer) ? undefined : ["wrongAnswer", `${last.slice(0, 40)} in place of ${answer}`];
}
