/** The tags around code, interpreter output and the answer, in the paper's XML dialect. */
export interface TraceFormat {
  readonly codeOpen: string;
  readonly codeClose: string;
  /** Writes code as it stands between the two, such as within a JSON string. Default: as it is. */
  readonly writeCode?: (code: string) => string;
  readonly resultOpen: string;
  readonly resultClose: string;
  readonly answerOpen: string;
  readonly answerClose: string;
}

/** The shortest form of the dialect: no fences and no line breaks, one token a tag for a small tokenizer. */
export const compactTraceFormat: TraceFormat = {
  codeOpen: "<code>",
  codeClose: "</code>",
  resultOpen: "<interpreter>",
  resultClose: "</interpreter>",
  answerOpen: "<answer>\\boxed{",
  answerClose: "}</answer>",
};

/** A piece of a response: written by the model (trained on) or by the environment (masked). */
export interface TraceSegment {
  readonly kind: "model" | "tool";
  readonly text: string;
}

/** The segments as one text. */
export function traceText(segments: readonly TraceSegment[]): string {
  return segments.map(({ text }) => text).join("");
}
