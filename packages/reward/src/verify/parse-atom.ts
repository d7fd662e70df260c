import { ParseFailure } from "./budget.js";
import { parseFunction } from "./parse-function.js";
import { parseMatrix } from "./parse-matrix.js";
import { numeral, parseBraced, parsePostfix } from "./parse-postfix.js";
import { parseItems, parseRelation, parseSum } from "./parser.js";
import { integer } from "./rational.js";
import type { TokenStream } from "./token-stream.js";
import type { Node } from "./tree.js";
import { canonicalUnit, FUNCTION_NAMES, GREEK_NAMES, NUMBER_WORDS } from "./vocabulary.js";

const DECORATIONS = new Set("overline vec hat bar tilde widehat overrightarrow underline".split(" "));
const ATOM_COMMANDS = new Set(["frac", "dfrac", "tfrac", "cfrac", "binom", "dbinom", "tbinom", "begin", "lfloor", "lceil", "lvert", "emptyset", "varnothing", "R", "mathbb", "boxed", "fbox", "angle", "triangle", "ldots", "dots", "langle", "sum", "prod", "int", "lim"]); // prettier-ignore

/** Whether the next token begins an atom, so that it can follow a factor without a sign. */
export function startsAtom(stream: TokenStream): boolean {
  const { kind, text } = stream.peek();
  switch (kind) {
    case "number":
      return true;
    case "letter":
      return text !== "U";
    case "text":
      return false;
    case "mark":
      return text === "(" || text === "[" || text === "{" || text === "|(" || (text === "|" && stream.bars === 0);
    case "command":
      return ATOM_COMMANDS.has(text) || FUNCTION_NAMES.has(text) || GREEK_NAMES.has(text) || DECORATIONS.has(text);
  }
}

export function parseAtom(stream: TokenStream): Node {
  const token = stream.take();
  switch (token.kind) {
    case "number":
      return parseNumber(stream, token.text);
    case "letter":
      return parseLetter(stream, token.text);
    case "text":
      // A name, as in “Area = 5”.
      if (stream.isNext("=")) return stream.node({ kind: "symbol", name: token.text });
      if (stream.isNext("_")) return parseBased(stream, token.text);
      throw new ParseFailure(`unexpected word “${token.text.slice(0, 40)}”`);
    case "mark":
      return parseBracket(stream, token.text);
    case "command":
      return parseCommand(stream, token.text);
  }
}

/** The argument of a TeX command: a group, else one token, of a numeral one digit. */
export function parseArgument(stream: TokenStream): Node {
  if (stream.accept("{")) return parseBraced(stream);
  if (stream.peek().kind === "number") return numeral(stream, stream.takeDigit());
  return parseAtom(stream);
}

function parseNumber(stream: TokenStream, text: string): Node {
  if (stream.isNext("_")) return parseBased(stream, text);
  const value = numeral(stream, text);
  if (text.includes(".") && stream.isNext("\\overline")) return parseRepeating(stream, text);
  if (text.includes(".") || text.includes("e") || value.kind !== "number") return value;
  const mixed = parseMixed(stream);
  return mixed ? stream.node({ kind: "add", args: [value, mixed] }) : value;
}

/** The fraction of a mixed number, 1\frac{4}{5} or 1 4/5, if both its parts are plain whole numbers. */
function parseMixed(stream: TokenStream): Node | undefined {
  const token = stream.peek();
  if (token.kind === "number" && token.isSpaced && /^\d+$/.test(token.text) && stream.isNext("/", 1) && /^\d+$/.test(stream.peek(2).text)) {
    stream.take();
    stream.take();
    const below = numeral(stream, stream.take().text);
    return stream.node({ kind: "divide", args: [numeral(stream, token.text), below] });
  }
  if (!stream.isNext("\\frac") && !stream.isNext("\\dfrac") && !stream.isNext("\\tfrac")) return undefined;
  let ahead = 1;
  for (let part = 0; part < 2; part++) {
    const isBraced = stream.isNext("{", ahead);
    if (isBraced) ahead++;
    const inner = stream.peek(ahead++);
    if (inner.kind !== "number" || !/^\d+$/.test(inner.text) || (isBraced && !stream.isNext("}", ahead++))) return undefined;
    if (!isBraced && inner.text.length > 1) break; // \frac12 is one numeral to the tokenizer
  }
  return parseAtom(stream);
}

/** 0.1\overline{6}: digits that repeat without end. */
function parseRepeating(stream: TokenStream, text: string): Node {
  stream.take();
  stream.expect("{");
  const period = stream.take();
  if (period.kind !== "number" || !/^\d+$/.test(period.text)) throw new ParseFailure("digits expected below the line");
  stream.expect("}");
  const [whole = "", decimals = ""] = text.split(".");
  return repeating(stream, whole, decimals, period.text);
}

function repeating(stream: TokenStream, whole: string, decimals: string, period: string): Node {
  const before = BigInt(`${whole}${decimals}` || "0");
  const all = BigInt(`${whole}${decimals}${period}`);
  const below = 10n ** BigInt(decimals.length) * (10n ** BigInt(period.length) - 1n);
  const [above, divisor] = [
    stream.node({ kind: "number", value: integer(all - before) }),
    stream.node({ kind: "number", value: integer(below) }),
  ];
  return stream.node({ kind: "divide", args: [above as Node, divisor as Node] });
}

/** 52_8, 1A_{16}, 52_{\text{eight}}. */
function parseBased(stream: TokenStream, digits: string): Node {
  stream.expect("_");
  const isBraced = stream.accept("{");
  const token = stream.take();
  if (isBraced) stream.expect("}");
  const base = token.kind === "number" ? Number(token.text) : NUMBER_WORDS.get(token.text.toLowerCase());
  const isDigits = /^[0-9A-Za-z]+$/.test(digits);
  if (base === undefined || !Number.isInteger(base) || base < 2 || base > 36 || !isDigits)
    throw new ParseFailure("a base from 2 to 36 expected");
  const normalized = digits.toLowerCase().replace(/^0+(?=.)/, "");
  for (const digit of normalized) {
    if (Number.parseInt(digit, 36) >= base) throw new ParseFailure(`“${digit}” is no digit of base ${base}`);
  }
  return stream.node({ kind: "based", digits: normalized, base });
}

function parseLetter(stream: TokenStream, letter: string): Node {
  const subscript = parseSubscript(stream);
  if (subscript !== "") return stream.node({ kind: "symbol", name: letter + subscript });
  if (letter === "e" || letter === "i") return stream.node({ kind: "constant", name: letter });
  return stream.node({ kind: "symbol", name: letter });
}

function parseSubscript(stream: TokenStream): string {
  if (!stream.accept("_")) return "";
  if (!stream.accept("{")) return `_${stream.take().text}`;
  let text = "_";
  while (!stream.accept("}")) {
    if (stream.isAtEnd) throw new ParseFailure("a subscript never closes");
    text += stream.take().text;
  }
  return text;
}

function parseBracket(stream: TokenStream, mark: string): Node {
  switch (mark) {
    case "{": {
      const inner = parseRelation(stream);
      stream.expect("}");
      return inner;
    }
    case "(":
    case "[": {
      const items = parseItems(stream);
      const close = stream.expect(")", "]");
      const isGroup = items.length === 1 && items[0]!.kind !== "relation" && (mark === "(") === (close === ")");
      return isGroup ? items[0]! : stream.node({ kind: "sequence", open: mark, close, items });
    }
    case "\\{": {
      if (stream.accept("\\}")) return stream.node({ kind: "sequence", open: "{", close: "}", items: [] });
      stream.bars++;
      const items = parseItems(stream);
      stream.bars--;
      if (items.length === 1 && stream.accept("|", "\\mid", ":")) {
        const condition = parseRelation(stream);
        stream.expect("\\}");
        return condition;
      }
      stream.expect("\\}");
      return stream.node({ kind: "sequence", open: "{", close: "}", items });
    }
    case "|":
    case "|(": {
      const close = mark === "|" ? "|" : "|)";
      stream.bars++;
      const inner = parseSum(stream);
      stream.bars--;
      stream.expect(close);
      return stream.node({ kind: "call", name: "abs", args: [inner] });
    }
    case "€":
    case "£": {
      const inner = parsePostfix(stream, parseAtom(stream));
      return stream.node({ kind: "unit", arg: inner, unit: canonicalUnit(mark === "€" ? "euro" : "sterling") });
    }
    default:
      throw new ParseFailure(mark === "" ? "the answer breaks off" : `unexpected “${mark}”`);
  }
}

function parseCommand(stream: TokenStream, name: string): Node {
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
    case "mathbb": {
      if (name === "mathbb") parseArgument(stream);
      return everyReal(stream);
    }
    case "begin":
      return parseMatrix(stream);
    case "boxed":
    case "fbox": {
      stream.expect("{");
      return stream.nested(() => parseBracket(stream, "{"));
    }
    case "lfloor":
    case "lceil":
    case "lvert": {
      const inner = parseSum(stream);
      stream.expect(name === "lfloor" ? "\\rfloor" : name === "lceil" ? "\\rceil" : "\\rvert");
      return stream.node({ kind: "call", name: name === "lfloor" ? "floor" : name === "lceil" ? "ceil" : "abs", args: [inner] });
    }
    case "langle": {
      const items = parseItems(stream);
      stream.expect("\\rangle");
      return stream.node({ kind: "sequence", open: "(", close: ")", items });
    }
    case "angle":
    case "triangle":
      return parseAtom(stream);
    default:
      if (FUNCTION_NAMES.has(name)) return stream.nested(() => parseFunction(stream, name));
      if (GREEK_NAMES.has(name)) return stream.node({ kind: "symbol", name: name + parseSubscript(stream) });
      if (DECORATIONS.has(name)) return stream.node({ kind: "symbol", name: `${name} ${decorated(stream)}` });
      throw new ParseFailure(`the command \\${name.slice(0, 30)} is not read`);
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

/** (−∞, ∞). */
function everyReal(stream: TokenStream): Node {
  const infinity: Node = stream.node({ kind: "constant", name: "infinity" });
  const minus: Node = stream.node({ kind: "negate", arg: infinity });
  return stream.node({ kind: "sequence", open: "(", close: ")", items: [minus, infinity] });
}
