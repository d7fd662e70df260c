/** Tags around what a policy thinks, runs or is shown. None of it states an answer. */
const TAGS = ["think", "thinking", "thought", "reasoning", "code", "tool_call", "interpreter", "tool_response"];
const OPENING = new RegExp(`<(${TAGS.join("|")})>|</(?:think|thinking|thought|reasoning)>|\`\`\``, "g");

/**
 * A response with blanks in place of reasoning, code and tool output, so that every place stays where it was.
 *
 * A block that never closes goes to the end. A closing tag of reasoning without its opening one, which a prompt may have written,
 * makes reasoning of all before it. One pass over the text.
 */
export function withoutSilentText(text: string): string {
  let kept = "";
  let end = 0;
  OPENING.lastIndex = 0;
  for (let match = OPENING.exec(text); match !== null; match = OPENING.exec(text)) {
    const [mark, tag] = match;
    if (mark.startsWith("</")) kept = blank(kept.length + match.index - end);
    else kept += text.slice(end, match.index);
    const closing = tag === undefined ? "```" : `</${tag}>`;
    const from = match.index + mark.length;
    const closed = mark.startsWith("</") ? from - closing.length : text.indexOf(closing, from);
    end = mark.startsWith("</") ? from : closed < 0 ? text.length : closed + closing.length;
    kept += blank(end - match.index);
    OPENING.lastIndex = end;
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
