import { CODE_INTERPRETER } from "./code-interpreter.js";
import type { Dialect, EnvironmentText, TurnAction } from "./dialect.js";

export interface XmlDialectOptions {
  /** Text around a result. The paper's evaluation code writes newline, tag, newline, output, tag and two newlines. */
  readonly resultOpen?: string;
  readonly resultClose?: string;
}

const CODE = ["<code>", "</code>"] as const;
const ANSWER = ["<answer>", "</answer>"] as const;
const TAGS = [...CODE, "<interpreter>", "</interpreter>", ...ANSWER];

/**
 * The paper's dialect: `<code>` … `</code>` calls the interpreter, the environment writes `<interpreter>` … `</interpreter>`, and
 * `<answer>` … `</answer>` ends the response. Code may stand in a Markdown fence, as in the paper, or alone.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 2.3 and figure 7.
 */
export function xmlDialect({
  resultOpen = "\n<interpreter>\n",
  resultClose = "</interpreter>\n\n",
}: XmlDialectOptions = {}): Dialect {
  return {
    name: "xml",
    stopStrings: [CODE[1], ANSWER[1]],
    parseTurn,
    renderResult: (output): readonly EnvironmentText[] => [
      { text: resultOpen, trusted: true },
      { text: neutralise(output), trusted: false },
      { text: resultClose, trusted: true },
    ],
  };
}

function parseTurn(text: string): TurnAction {
  const answered = text.indexOf(ANSWER[1]);
  const called = text.indexOf(CODE[1]);
  if (answered >= 0 && (called < 0 || answered < called)) {
    return text.lastIndexOf(ANSWER[0], answered) >= 0 ? { kind: "answer" } : { kind: "malformed", reason: "</answer> without <answer>" };
  }
  if (called < 0) return { kind: "none" };
  const opened = text.lastIndexOf(CODE[0], called);
  if (opened < 0) return { kind: "malformed", reason: "</code> without <code>" };
  const source = text.slice(opened + CODE[0].length, called);
  return { kind: "call", tool: CODE_INTERPRETER, input: { code: unfence(source) }, source: unfence(source) };
}

/** The inside of the last Markdown fence, or all of the text when there is none. */
function unfence(source: string): string {
  const open = source.lastIndexOf("```", Math.max(0, source.trimEnd().length - 4));
  if (open < 0 || !/^```[\w+-]*[ \t]*\n/.test(source.slice(open))) return source.replaceAll("```", "").trim();
  const body = source.slice(source.indexOf("\n", open) + 1);
  const close = body.indexOf("```");
  return (close < 0 ? body : body.slice(0, close)).trim();
}

/** Breaks the dialect's own tags in text that the policy can make a tool print. */
function neutralise(output: string): string {
  return TAGS.reduce((text, tag) => text.replaceAll(tag, `${tag[0]}\\${tag.slice(1)}`), output);
}
