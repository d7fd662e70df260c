import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

interface Token {
  readonly content: string;
  attrGet(name: string): string | null;
}
type Rule = (tokens: Token[], index: number, ...rest: never[]) => string;
interface Markdown {
  renderer: { rules: Record<string, unknown> };
}

/**
 * Puts pictures of `docs/diagrams` into the page instead of linking to them, so that they follow the page's light or dark colours. Their own
 * style, for readers of the source on the web, stays behind: the theme's stands in its place.
 */
export function inlineDiagrams(markdown: Markdown, folder: string): void {
  const image = markdown.renderer.rules["image"] as Rule;
  const inline: Rule = (tokens, index, ...rest) => {
    const token = tokens[index]!;
    const source = token.attrGet("src") ?? "";
    if (!source.includes("/diagrams/") || !source.endsWith(".svg")) return image(tokens, index, ...rest);
    return `<span class="diagram" tabindex="0" role="group" aria-label="Diagram">${diagram(join(folder, basename(source)))}</span>`;
  };
  markdown.renderer.rules["image"] = inline;
}

/** A diagram as an element of a page, on one line, so that markdown leaves it alone. */
export function diagram(file: string): string {
  const text = readFileSync(file, "utf8").replace(/<style>.*?<\/style>/s, "");
  return text.replace("<svg ", "<svg v-pre ").replace(/\s*\n\s*/g, "");
}
