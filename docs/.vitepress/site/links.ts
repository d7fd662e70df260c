import { addressOf } from "./names.js";

interface Token {
  type: string;
  content: string;
  children: Token[] | null;
  attrSet(name: string, value: string): void;
}
interface State {
  tokens: Token[];
  Token: new (type: string, tag: string, nesting: 1 | 0 | -1) => Token;
}
/** The part of markdown-it that is used here. */
interface Markdown {
  core: { ruler: { push(name: string, rule: (state: State) => void): void } };
}

/** Makes config keys, metrics and commands in backticks links to their places in the reference, and tables reachable with the keyboard. */
export function referenceLinks(markdown: Markdown): void {
  markdown.core.ruler.push("reference-links", (state) => {
    let inHeading = false;
    for (const token of state.tokens) {
      if (token.type === "table_open") token.attrSet("tabindex", "0");
      if (token.type === "heading_open") inHeading = true;
      if (token.type === "heading_close") inHeading = false;
      if (token.type === "inline" && token.children !== null && !inHeading) token.children = withLinks(token.children, state);
    }
  });
}

function withLinks(tokens: readonly Token[], { Token }: State): Token[] {
  let depth = 0;
  return tokens.flatMap((token) => {
    if (token.type === "link_open") depth++;
    if (token.type === "link_close") depth--;
    const address = token.type === "code_inline" && depth === 0 ? addressOf(token.content) : undefined;
    if (address === undefined) return [token];
    const open = new Token("link_open", "a", 1);
    open.attrSet("href", address);
    return [open, token, new Token("link_close", "a", -1)];
  });
}
