/**
 * Makes a dialect's tags inert in text that model code printed, so that output cannot close its own block or open
 * another: `</interpreter>` becomes `<\/interpreter>` and `<code>` becomes `<\code>`. Other text is left alone.
 *
 * @param tags - names without brackets, such as `["interpreter", "code", "answer"]`; case is ignored.
 */
export function escapeTags(text: string, tags: readonly string[]): string {
  if (tags.length === 0) return text;
  const names = tags.map((tag) => tag.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return text.replace(new RegExp(`<(?=\\s*/?\\s*(?:${names})(?![\\w-]))`, "giu"), "<\\");
}
