import { CODE_INTERPRETER } from "./code-interpreter.js";
import { breakTags, type Dialect, type EnvironmentText, type TurnAction } from "./dialect.js";

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
export function xmlDialect({ resultOpen = "\n<interpreter>\n", resultClose = "</interpreter>\n\n" }: XmlDialectOptions = {}): Dialect {
  return {
    name: "xml",
    stopStrings: [CODE[1], ANSWER[1]],
    parseTurn,
    renderResult: (output): readonly EnvironmentText[] => [
      { text: resultOpen, trusted: true },
      { text: breakTags(output, TAGS), trusted: false },
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
  const source = unfence(text.slice(opened + CODE[0].length, called));
  return { kind: "call", tool: CODE_INTERPRETER, input: { code: source }, source, offset: opened };
}

/** An opening fence, the code, and a closing fence that begins or ends its line, or the end. */
const FENCE = /```[\w+-]*[ \t]*\r?\n([\s\S]*?)(?:^[ \t]*```|```[ \t]*$|(?![\s\S]))/gm;

/** The inside of the last Markdown fence, or all of the text when there is none. */
function unfence(source: string): string {
  const inside = [...source.matchAll(FENCE)].at(-1)?.[1];
  return (
    inside?.trim() ??
    source
      .trim()
      .replace(/^```|```$/g, "")
      .trim()
  );
}
