import { ParseFailure } from "./budget.js";
import { parseBracket } from "./parse-bracket.js";
import { parseCommand } from "./parse-command.js";
import { numeral, parseBased, parseNumber } from "./parse-number.js";
import { parseBraced } from "./parse-postfix.js";
import type { TokenStream } from "./token-stream.js";
import type { Node } from "./tree.js";
import { DECORATIONS, FUNCTION_NAMES, GREEK_NAMES } from "./vocabulary.js";

const ATOM_COMMANDS = new Set(["frac", "dfrac", "tfrac", "cfrac", "binom", "dbinom", "tbinom", "begin", "lfloor", "lceil", "lvert", "emptyset", "varnothing", "R", "mathbb", "boxed", "fbox", "angle", "triangle", "ldots", "langle", "sum", "prod", "int", "lim"]); // prettier-ignore

/** Checks whether the next token begins an atom, so that it can follow a factor without a sign. */
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

function parseLetter(stream: TokenStream, letter: string): Node {
  const subscript = parseSubscript(stream);
  if (subscript !== "") return stream.node({ kind: "symbol", name: letter + subscript });
  if (letter === "e" || letter === "i") return stream.node({ kind: "constant", name: letter });
  return stream.node({ kind: "symbol", name: letter });
}

export function parseSubscript(stream: TokenStream): string {
  if (!stream.accept("_")) return "";
  if (!stream.accept("{")) return `_${stream.take().text}`;
  let text = "_";
  while (!stream.accept("}")) {
    if (stream.isAtEnd) throw new ParseFailure("a subscript never closes");
    text += stream.take().text;
  }
  return text;
}
