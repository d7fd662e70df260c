/**
 * Lines of a text that comes in pieces: they end with a line feed, a carriage return or both. Nothing else ends a line, though Unicode
 * has more: U+2028 stands unescaped in JSON texts.
 *
 * @example
 * ```ts test
 * import { textLines } from "@retool-ts/data";
 *
 * const lines: string[] = [];
 * for await (const line of textLines(["a\r", "\nb\u2028c\n", "d"])) lines.push(line);
 * lines; // => ["a", "b\u2028c", "d"]
 * ```
 */
export async function* textLines(pieces: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  let open: string[] = []; // pieces of a line that has not ended
  let endsWithReturn = false;
  for await (const piece of pieces) {
    if (piece === "") continue;
    const lines = (endsWithReturn && piece.startsWith("\n") ? piece.slice(1) : piece).split(/\r\n|\n|\r/);
    endsWithReturn = piece.endsWith("\r");
    for (const line of lines.slice(0, -1)) {
      yield open.join("") + line;
      open = [];
    }
    open.push(lines.at(-1)!);
  }
  const last = open.join("");
  if (last !== "") yield last;
}
