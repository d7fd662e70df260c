import { RandomStream } from "@retool-ts/core";
import { mixtures, pickTraceKind, type TraceMixture } from "./mixtures.js";
import type { TaskFamily } from "./task-family.js";
import { createTaskSource } from "./task-source.js";
import { compactTraceFormat, traceText, type TraceFormat } from "./trace-format.js";
import { planTrace, type CallOutcome } from "./trace-plan.js";
import { finishTrace, type CallFeedback } from "./trace.js";

export interface CorpusOptions {
  readonly seed?: number;
  readonly mixture?: TraceMixture;
  /** Families of the problems; `taskFamilies` by default. */
  readonly families?: readonly (string | TaskFamily)[];
  readonly format?: TraceFormat;
  /** Interpreter messages to show after broken code, such as a sandbox really writes; typical ones by default. */
  readonly errors?: readonly string[];
}

const TYPICAL_ERRORS = [
  "SyntaxError: Unexpected token (line 1)",
  "SyntaxError: Identifier directly after number (line 1)",
  "SyntaxError: Expected number in radix 16 (line 1)",
  "ReferenceError: 'list' is not defined (line 1)",
  "TypeError: not a function (line 1)",
];

/**
 * Texts to train a tokenizer on: question, line break, response, one string a problem, from the training split. No
 * code is run: outputs stand in for what an interpreter would print, so the texts are typical, not verified.
 */
export function corpus(count: number, options: CorpusOptions = {}): string[] {
  const { seed = 0, mixture = mixtures.imperfect, format = compactTraceFormat, errors = TYPICAL_ERRORS } = options;
  const source = createTaskSource({ seed, split: "train", ...(options.families && { families: options.families }) });
  return Array.from({ length: count }, (_, index) => {
    const stream = new RandomStream(seed, ["corpus", index]);
    const problem = source.problem(index);
    const plan = planTrace(problem, pickTraceKind(mixture, stream), stream);
    const result = finishTrace(
      plan,
      plan.calls.map(({ outcome }) => standIn(outcome, problem.answer, stream.pick(errors))),
      format,
    );
    return result.status === "ok" ? `${problem.question}\n${traceText(result.trace.segments)}` : problem.question;
  });
}

function standIn(outcome: CallOutcome, answer: string, error: string): CallFeedback {
  switch (outcome) {
    case "answer":
      return { feedback: answer, ok: true };
    case "otherValue":
      return { feedback: String(Number(answer) + 1), ok: true };
    case "failure":
      return { feedback: error, ok: false };
  }
}
