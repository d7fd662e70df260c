const SIGNS: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "{": "&#123;", "}": "&#125;", "*": "\\*", _: "\\_" };

/**
 * Plain text, with code in backticks, as markdown: what would be a tag, an attribute, an expression of Vue or emphasis stands for itself.
 *
 * @param inTable - keep it within its cell
 */
export function plain(text: string, { inTable = false }: { readonly inTable?: boolean } = {}): string {
  const parts = text.split(/(`[^`]*`)/).map((part) => (part.startsWith("`") ? part : part.replace(/[<>{}*_]/g, (sign) => SIGNS[sign]!)));
  const joined = parts.join("");
  return inTable ? joined.replaceAll("|", "\\|").replaceAll("\n", " ") : joined;
}

/** A value of a config as code. */
export function value(of: unknown): string {
  return `\`${JSON.stringify(of)}\``;
}

/** A table; cells are plain text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => plain(cell, { inTable: true })).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A page: front matter that says where it came from, then blocks with blank lines between them. */
export function page(title: string, description: string, blocks: readonly (string | false | undefined)[]): string {
  const front = `---\ntitle: ${JSON.stringify(title)}\ndescription: ${JSON.stringify(description)}\neditLink: false\n---`;
  return `${[front, `# ${plain(title)}`, ...blocks.filter((block) => typeof block === "string" && block !== "")].join("\n\n")}\n`;
}
