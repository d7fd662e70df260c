import { ParseFailure } from "./budget.js";
import type { Node } from "./tree.js";

type Matrix = Extract<Node, { kind: "matrix" }>;

export function transposed({ rows }: Matrix): Matrix {
  return { kind: "matrix", rows: rows[0]!.map((_, column) => rows.map((row) => row[column]!)) };
}

/** A product with one matrix among its factors, multiplied out; undefined for any other product. */
export function scaled(factors: readonly Node[]): Matrix | undefined {
  const matrices = factors.filter((factor): factor is Matrix => factor.kind === "matrix");
  const [matrix] = matrices;
  if (matrix === undefined || matrices.length > 1) return undefined;
  const scalars = factors.filter((factor) => factor !== matrix);
  return { kind: "matrix", rows: matrix.rows.map((row) => row.map((cell) => ({ kind: "multiply", args: [...scalars, cell] }))) };
}

/** The determinant of at most four rows, expanded along the first. */
export function determinant(rows: readonly (readonly Node[])[]): Node {
  if (rows.length > 4 || rows.length !== rows[0]!.length) throw new ParseFailure("a determinant of at most four rows expected");
  if (rows.length === 1) return rows[0]![0]!;
  const terms = rows[0]!.map((cell, column): Node => {
    const minor = determinant(rows.slice(1).map((row) => row.filter((_, index) => index !== column)));
    const product: Node = { kind: "multiply", args: [cell, minor] };
    return column % 2 === 0 ? product : { kind: "negate", arg: product };
  });
  return { kind: "add", args: terms };
}
