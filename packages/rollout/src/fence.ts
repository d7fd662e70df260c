/** An opening fence with its language, the code, and a closing fence that begins or ends its line, or the end. */
const FENCE = /```([\w+-]*)[ \t]*\r?\n([\s\S]*?)(?:^[ \t]*```|```[ \t]*$|(?![\s\S]))/gm;
const CODE = /^(?:py|python\d?|js|javascript|ts|typescript|node|mjs)$/i;

/**
 * The inside of the first Markdown fence of code, of whichever fence comes first where none names a language that is run, or all of the
 * text where there is none. The reference recipes take the first one too.
 */
export function unfence(source: string): string {
  const fences = [...source.matchAll(FENCE)];
  const first = fences.find(([, language = ""]) => CODE.test(language)) ?? fences[0];
  return (
    first?.[2]?.trim() ??
    source
      .trim()
      .replace(/^```|```$/g, "")
      .trim()
  );
}

/** Whether a fence stands around a text, and not somewhere in it. */
export function isFenced(source: string): boolean {
  return source.trimStart().startsWith("```");
}
