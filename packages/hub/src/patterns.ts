/** Matches a path against patterns; `*` stands for any characters, slashes included, and `?` for one, as in `huggingface_hub`. */
export function matchesAny(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", "[\\s\\S]*")
      .replaceAll("?", "[\\s\\S]");
    return new RegExp(`^${source}$`).test(path);
  });
}
