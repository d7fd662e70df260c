import { ParseFailure } from "./budget.js";
import { determinant } from "./matrix-algebra.js";
import { parseSum } from "./parser.js";
import type { TokenStream } from "./token-stream.js";
import type { Node } from "./tree.js";

const MATRICES = new Set(["matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array", "vmatrix"]);

/** The rows of \begin{pmatrix} … \end{pmatrix}, behind \begin; of vmatrix the determinant. */
export function parseMatrix(stream: TokenStream): Node {
  const name = parseName(stream);
  if (!MATRICES.has(name)) throw new ParseFailure(`the environment ${name.slice(0, 30)} is not read`);
  if (name === "array") parseName(stream);
  const rows: Node[][] = [[]];
  while (!stream.accept("\\end")) {
    if (stream.isAtEnd) throw new ParseFailure("a matrix never ends");
    if (stream.accept("\\\\")) rows.push([]);
    else if (!stream.accept("&")) rows.at(-1)!.push(parseSum(stream));
  }
  if (parseName(stream) !== name) throw new ParseFailure("a matrix ends under another name");
  if (rows.at(-1)!.length === 0) rows.pop();
  if (rows.length === 0 || rows.some((row) => row.length !== rows[0]!.length || row.length === 0))
    throw new ParseFailure("rows of unequal length");
  return name === "vmatrix" ? stream.node(determinant(rows)) : stream.node({ kind: "matrix", rows });
}

/** `{pmatrix}`; the tokenizer makes words or letters of it. */
function parseName(stream: TokenStream): string {
  stream.expect("{");
  let name = "";
  while (!stream.accept("}")) {
    if (stream.isAtEnd) throw new ParseFailure("a brace never closes");
    name += stream.take().text;
  }
  return name;
}
