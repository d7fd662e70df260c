import { ParseFailure } from "./budget.js";
import { integer } from "./rational.js";
import type { TokenStream } from "./token-stream.js";
import type { Node } from "./tree.js";
import { canonicalUnit, isArithmeticWord, SCALE_WORDS } from "./vocabulary.js";

/** The words behind a value: its unit, or a factor such as “million”. */
export function parseUnit(stream: TokenStream, arg: Node): Node {
  if (stream.peek().kind !== "text") return arg;
  let value = arg;
  let unit = "";
  while (stream.peek().kind === "text") {
    for (const word of stream.take().text.split(/[ ,]+/)) {
      const scale = SCALE_WORDS.get(word.toLowerCase());
      if (scale !== undefined && unit === "") value = scaledBy(stream, value, scale);
      else if (isArithmeticWord(word)) throw new ParseFailure(`“${word.slice(0, 20)}” behind a value is not read`);
      else unit += ` ${word}`;
    }
    if (stream.accept("^")) {
      const isBraced = stream.accept("{");
      unit += `^${stream.take().text}`;
      if (isBraced) stream.expect("}");
    }
    if (stream.isNext("/")) {
      const { kind, text } = stream.peek(1);
      if (kind !== "text" && !(kind === "letter" && /^[smhgL]$/.test(text))) continue;
      stream.take();
      unit += "/";
      if (kind === "letter") unit += stream.take().text;
    }
  }
  const name = canonicalUnit(unit);
  if (name === "degree") return stream.node({ kind: "degrees", arg: value });
  if (value.kind === "unit" && value.unit === name) return value; // \$5 dollars
  if (name === "percent") return stream.node({ kind: "percent", arg: value });
  return name === "" ? value : stream.node({ kind: "unit", arg: value, unit: name });
}

/** A value times a number; of \$5 the amount. */
function scaledBy(stream: TokenStream, value: Node, scale: bigint): Node {
  if (value.kind === "unit") return { ...value, arg: scaledBy(stream, value.arg, scale) };
  return stream.node({ kind: "multiply", args: [value, stream.node({ kind: "number", value: integer(scale) })] });
}
