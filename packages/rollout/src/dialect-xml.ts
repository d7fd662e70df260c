import { parseExactJson, RetoolError } from "@retool-ts/core";
import { CODE_INTERPRETER } from "./code-interpreter.js";
import { breakTags, type Dialect, type EnvironmentText, type TurnAction } from "./dialect.js";
import { unfence } from "./fence.js";

export interface XmlDialectOptions {
  /** Text around a result. The paper's evaluation code writes newline, tag, newline, output, tag and two newlines. */
  readonly resultOpen?: string;
  readonly resultClose?: string;
  /** False: the policy has no interpreter, so that `<code>` is text like any other and ends no turn. Default true. */
  readonly interpreter?: boolean;
  /** Tools besides the code interpreter, by tag: `{ lookup: "lookup" }` reads `<lookup>{"key":"b"}</lookup>`, a JSON value of arguments. */
  readonly toolTags?: Readonly<Record<string, string>>;
  /**
   * True, the default: `</answer>` ends the response. False: the model's end of turn behind it does, so that the policy learns to write it
   * and a server that knows nothing of tags stops where a rollout does.
   */
  readonly answerStops?: boolean;
}

/** The name in the tags around a call, and the tool that it calls. */
type ToolTag = readonly [tag: string, tool: string];

const CODE: ToolTag = ["code", CODE_INTERPRETER];
const RESERVED = ["code", "interpreter", "answer"];

/**
 * The paper's dialect: `<code>` … `</code>` calls the interpreter, the environment writes `<interpreter>` … `</interpreter>`, and
 * `<answer>` … `</answer>` states the answer. Code may stand in a Markdown fence, as in the paper, or alone. Other tools have tags of
 * their own around a JSON value.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 2.3 and figure 7.
 *
 * @throws RetoolError when a tool's tag is none or has another meaning.
 */
export function xmlDialect({
  resultOpen = "\n<interpreter>\n",
  resultClose = "</interpreter>\n\n",
  interpreter = true,
  toolTags = {},
  answerStops = true,
}: XmlDialectOptions = {}): Dialect {
  const calls = [...(interpreter ? [CODE] : []), ...Object.entries(toolTags).map(checkedTag)];
  const inert = [...RESERVED, ...Object.keys(toolTags)].flatMap((tag) => [open(tag), close(tag)]);
  return {
    name: "xml",
    stopStrings: [...calls.map(([tag]) => tag), ...(answerStops ? ["answer"] : [])].map(close),
    parseTurn: (text) => parseTurn(text, calls),
    renderResult: (output): readonly EnvironmentText[] => [
      { text: resultOpen, trusted: true },
      { text: breakTags(output, inert), trusted: false },
      { text: resultClose, trusted: true },
    ],
  };
}

function checkedTag([tag, tool]: readonly [string, string]): ToolTag {
  if (/^[a-z][\w-]*$/i.test(tag) && !RESERVED.includes(tag)) return [tag, tool];
  throw new RetoolError(
    "OPTION",
    `toolTags: expected a name of letters, digits, - and _ other than ${RESERVED.join(", ")}, got ${JSON.stringify(tag)}`,
  );
}

/** What closes first counts. */
function parseTurn(text: string, calls: readonly ToolTag[]): TurnAction {
  const answered = text.indexOf(close("answer"));
  const { tag, tool, closed } = firstClosed(text, calls);
  if (answered >= 0 && (closed < 0 || answered < closed)) {
    return text.lastIndexOf(open("answer"), answered) >= 0
      ? { kind: "answer" }
      : { kind: "malformed", reason: "</answer> without <answer>" };
  }
  if (closed < 0) return { kind: "none" };
  const opened = text.lastIndexOf(open(tag), closed);
  if (opened < 0) return { kind: "malformed", reason: `${close(tag)} without ${open(tag)}` };
  const inside = text.slice(opened + open(tag).length, closed);
  return { kind: "call", tool, ...inputOf(tag, inside), offset: opened };
}

function firstClosed(text: string, calls: readonly ToolTag[]): { readonly tag: string; readonly tool: string; readonly closed: number } {
  let first = { tag: "", tool: "", closed: -1 };
  for (const [tag, tool] of calls) {
    const closed = text.indexOf(close(tag));
    if (closed >= 0 && (first.closed < 0 || closed < first.closed)) first = { tag, tool, closed };
  }
  return first;
}

function inputOf(tag: string, inside: string): { readonly input: unknown; readonly source: string } {
  if (tag === "code") {
    const code = unfence(inside);
    return { input: { code }, source: code };
  }
  const source = inside.trim();
  try {
    return { input: parseExactJson(source).value, source };
  } catch {
    return { input: source, source }; // the tool's schema tells the policy what it expects
  }
}

function open(tag: string): string {
  return `<${tag}>`;
}

function close(tag: string): string {
  return `</${tag}>`;
}
