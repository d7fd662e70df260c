import { ParseFailure } from "./budget.js";
import { parseArgument, parseAtom, parseSubscript } from "./parse-atom.js";
import { parseAngles, parseBetween, parseRequiredGroup } from "./parse-bracket.js";
import { parseFunction } from "./parse-function.js";
import { parseMatrix } from "./parse-matrix.js";
import { parsePostfix } from "./parse-postfix.js";
import { parseSeries } from "./parse-series.js";
import type { TokenStream } from "./token-stream.js";
import type { Node } from "./tree.js";
import { canonicalUnit, DECORATIONS, FUNCTION_NAMES, GREEK_NAMES } from "./vocabulary.js";

/** Nodes that begin with a command. */
export function parseCommand(stream: TokenStream, name: string): Node {
  switch (name) {
    case "frac":
    case "dfrac":
    case "tfrac":
    case "cfrac":
      return stream.nested(() => stream.node({ kind: "divide", args: [parseArgument(stream), parseArgument(stream)] }));
    case "binom":
    case "dbinom":
    case "tbinom":
      return stream.nested(() => stream.node({ kind: "call", name: "binomial", args: [parseArgument(stream), parseArgument(stream)] }));
    case "sum":
    case "prod":
      return stream.nested(() => parseSeries(stream, name));
    case "$":
      return stream.node({ kind: "unit", arg: parsePostfix(stream, parseAtom(stream)), unit: canonicalUnit("dollar") });
    case "pi":
      return stream.node({ kind: "constant", name: "pi" });
    case "infty":
      return stream.node({ kind: "constant", name: "infinity" });
    case "emptyset":
    case "varnothing":
      return stream.node({ kind: "sequence", open: "{", close: "}", items: [] });
    case "R":
      return everyReal(stream);
    case "mathbb":
      return parseNumberSet(stream);
    case "ldots":
      return stream.node({ kind: "symbol", name: "…" });
    case "begin":
      return parseMatrix(stream);
    case "boxed":
    case "fbox":
      return parseRequiredGroup(stream);
    case "lfloor":
    case "lceil":
    case "lvert":
      return parseBetween(stream, name);
    case "langle":
      return parseAngles(stream);
    case "angle":
    case "triangle":
      return parseAtom(stream);
    default:
      if (FUNCTION_NAMES.has(name)) return stream.nested(() => parseFunction(stream, name));
      if (GREEK_NAMES.has(name)) return stream.node({ kind: "symbol", name: name + parseSubscript(stream) });
      if (DECORATIONS.has(name)) return stream.node({ kind: "symbol", name: `${name} ${decorated(stream)}` });
      throw new ParseFailure(
        `${stream.taken.startsWith("\\") ? `the command ${stream.taken.slice(0, 30)}` : `“${stream.taken}”`} is not read`,
      );
  }
}

function decorated(stream: TokenStream): string {
  if (!stream.accept("{")) return stream.take().text;
  let text = "";
  while (!stream.accept("}")) {
    if (stream.isAtEnd) throw new ParseFailure("a brace never closes");
    text += stream.take().text;
  }
  return text;
}

/** ℝ as an interval; ℤ, ℕ, ℚ, ℂ, ℤ^+ by name. */
function parseNumberSet(stream: TokenStream): Node {
  const name = decorated(stream);
  let sign = "";
  if (stream.isNext("^") || stream.isNext("_")) {
    const isBraced = stream.isNext("{", 1);
    const mark = stream.peek(isBraced ? 2 : 1).text;
    if (mark === "+" || mark === "-") {
      for (let taken = isBraced ? 3 : 2; taken > 0; taken--) stream.take();
      if (isBraced) stream.expect("}");
      sign = mark;
    }
  }
  return name === "R" && sign === "" ? everyReal(stream) : stream.node({ kind: "symbol", name: `mathbb ${name}${sign}` });
}

/** (−∞, ∞). */
function everyReal(stream: TokenStream): Node {
  const infinity: Node = stream.node({ kind: "constant", name: "infinity" });
  const minus: Node = stream.node({ kind: "negate", arg: infinity });
  return stream.node({ kind: "sequence", open: "(", close: ")", items: [minus, infinity] });
}
