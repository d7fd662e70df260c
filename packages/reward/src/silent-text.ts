/** Names of tags around what a policy thinks, runs or is shown. None of it states an answer. */
const TAGS = ["think", "thinking", "thought", "reasoning", "code", "tool_call", "interpreter", "tool_response"];
/** Opening and closing marks: tags, those of models with other signs for reasoning, fences of code. */
const MARKS: ReadonlyMap<string, string> = new Map([
  ...TAGS.map((tag) => [`<${tag}>`, `</${tag}>`] as const),
  ["<seed:think>", "</seed:think>"],
  ["<|begin_of_thought|>", "<|end_of_thought|>"],
  ["◁think▷", "◁/think▷"],
  ["[THINK]", "[/THINK]"],
  ["```", "```"],
]);
/** Closing marks of reasoning, which stand alone where a prompt wrote the opening one. */
const ENDS: ReadonlySet<string> = new Set([...MARKS.values()].filter((close) => /think|thought|reasoning/i.test(close)));
const ANY_MARK = new RegExp([...MARKS.keys(), ...ENDS].map((mark) => mark.replace(/[[\]|]/g, "\\$&")).join("|"), "g");

/**
 * A response with blanks in place of reasoning, code and tool output, so that every place stays where it was.
 *
 * A block that never closes goes to the end. A closing mark of reasoning without its opening one, which a prompt may have written,
 * makes reasoning of all before it. One pass over the text.
 */
export function withoutSilentText(text: string): string {
  let kept = "";
  let end = 0;
  ANY_MARK.lastIndex = 0;
  for (let match = ANY_MARK.exec(text); match !== null; match = ANY_MARK.exec(text)) {
    const [mark] = match;
    const from = match.index + mark.length;
    const close = MARKS.get(mark);
    if (close === undefined) {
      kept = blank(from);
      end = from;
    } else {
      const closed = text.indexOf(close, from);
      kept += text.slice(end, match.index);
      end = closed < 0 ? text.length : closed + close.length;
      kept += blank(end - match.index);
    }
    ANY_MARK.lastIndex = end;
  }
  return end === 0 ? text : kept + text.slice(end);
}

function blank(length: number): string {
  return " ".repeat(length);
}

/** The inside of a Markdown fence that is all of a text. */
export function withoutFence(text: string): string {
  return /^\s*```\w*\n([\s\S]*?)\n?```\s*$/.exec(text)?.[1] ?? text;
}
