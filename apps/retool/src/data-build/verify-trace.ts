import { RetoolError } from "@retool-ts/core";
import { verifyAnswer } from "@retool-ts/reward";
import { DEFAULT_BUDGETS, truncateMiddle, xmlDialect, type CodeRunner } from "@retool-ts/rollout";
import { readRewrittenTrace } from "./rewritten-trace.js";
import type { SnippetLanguage } from "./rewrite-prompt.js";

/** Reason why a row is left out. */
export const REJECTIONS = {
  endpoint: "the endpoint gave no usable reply",
  cutOff: "the reply was cut off at the token limit",
  format: "tags are missing or out of order",
  noCode: "nothing was replaced by code",
  codeFailed: "a snippet failed",
  noOutput: "a snippet printed nothing",
  outputDiffers: "a snippet printed something else than the model wrote",
  wrongAnswer: "the answer is not the reference",
  answerUndecided: "the answer could not be compared",
} as const;

export type Rejection = keyof typeof REJECTIONS;

/** A response whose interpreter texts are real, or why there is none. */
export type VerifiedTrace =
  | { readonly status: "kept"; readonly response: string; readonly calls: number; readonly outputsReplaced: number }
  | { readonly status: "rejected"; readonly reason: Rejection; readonly detail: string };

/** Options of {@link verifyTrace}. */
export interface VerifyTraceOptions {
  readonly runner: CodeRunner;
  readonly language: SnippetLanguage;
  /** Leaves out traces in which a snippet prints something else than the model wrote. */
  readonly strict: boolean;
  readonly signal: AbortSignal;
}

const { renderResult } = xmlDialect({ resultClose: "\n</interpreter>\n\n" });

/**
 * Checks form, runs every snippet in a world of its own, puts the real outputs in, and checks the answer.
 *
 * @throws RetoolError when the sandbox itself fails, which is no fault of the code.
 */
export async function verifyTrace(reply: string, reference: string, options: VerifyTraceOptions): Promise<VerifiedTrace> {
  const { runner, language, strict, signal } = options;
  const reading = readRewrittenTrace(reply);
  if (reading.status === "malformed") return rejected("format", reading.reason);
  const { calls, end, answer } = reading.trace;
  if (calls.length === 0) return rejected("noCode", "no <code>");
  const verdict = verifyAnswer(reference, answer);
  if (verdict.status !== "correct") {
    const isWrong = verdict.status === "wrong" || verdict.status === "unparsablePrediction";
    return rejected(isWrong ? "wrongAnswer" : "answerUndecided", `${answer.slice(0, 60)}: ${verdict.reason}`);
  }
  let response = "";
  let outputsReplaced = 0;
  for (const [index, { text, code, claimed }] of calls.entries()) {
    const { status, feedback } = await runner.run(code, { signal });
    signal.throwIfAborted();
    if (status === "infra")
      throw new RetoolError("SANDBOX", `a snippet could not be run: ${feedback}. Check the sandbox and run the same command again`);
    if (status !== "ok") return rejected("codeFailed", `snippet ${index + 1}: ${feedback}`);
    const output = truncateMiddle(feedback.trim(), DEFAULT_BUDGETS.maxToolOutputChars);
    if (output === "") return rejected("noOutput", `snippet ${index + 1}`);
    if (output !== claimed) {
      if (strict) return rejected("outputDiffers", `snippet ${index + 1}: ${output.slice(0, 60)} in place of ${claimed.slice(0, 60)}`);
      outputsReplaced++;
    }
    const own = index === 0 ? text : text.trimStart();
    response += `${own}${codeBlock(code, language)}${resultBlock(output)}`;
  }
  return { status: "kept", response: response + end.trimStart(), calls: calls.length, outputsReplaced };
}

/** Code as the paper writes it. */
export function codeBlock(code: string, language: SnippetLanguage): string {
  return `<code>\n\`\`\`${language}\n${code}\n\`\`\`\n</code>`;
}

/** Output as a rollout writes it; tags in it are made inert. */
export function resultBlock(output: string): string {
  return renderResult(output)
    .map(({ text }) => text)
    .join("");
}

function rejected(reason: Rejection, detail: string): VerifiedTrace {
  return { status: "rejected", reason, detail };
}
