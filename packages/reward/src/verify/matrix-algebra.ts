import { LIMITS, ParseFailure, Undecided } from "./budget.js";
import { type Node, someNode } from "./tree.js";

type Matrix = Extract<Node, { kind: "matrix" }>;

export function transposed({ rows }: Matrix): Matrix {
  return { kind: "matrix", rows: rows[0]!.map((_, column) => rows.map((row) => row[column]!)) };
}

/** A product with matrices among its factors, multiplied out; undefined for any other product, and where sizes do not fit. */
export function matrixProduct(factors: readonly Node[]): Node | undefined {
  const matrices = factors.filter((factor): factor is Matrix => factor.kind === "matrix");
  const [first, ...others] = matrices;
  if (first === undefined) return undefined;
  let result = first;
  for (const next of others) {
    if (result.rows[0]!.length !== next.rows.length) return undefined;
    result = bounded({ kind: "matrix", rows: result.rows.map((row) => transposed(next).rows.map((column) => dot(row, column))) });
  }
  const scalars = factors.filter((factor) => factor.kind !== "matrix");
  const scale = (cell: Node): Node => (scalars.length === 0 ? cell : { kind: "multiply", args: [...scalars, cell] });
  if (others.length > 0 && result.rows.length === 1 && result.rows[0]!.length === 1) return scale(result.rows[0]![0]!);
  return bounded({ kind: "matrix", rows: result.rows.map((row) => row.map(scale)) });
}

function dot(row: readonly Node[], column: readonly Node[]): Node {
  return { kind: "add", args: row.map((cell, index): Node => ({ kind: "multiply", args: [cell, column[index]!] })) };
}

/** A sum of matrices of one size; undefined for any other sum. */
export function matrixSum(terms: readonly Node[]): Matrix | undefined {
  const [first, ...others] = terms;
  if (first?.kind !== "matrix") return undefined;
  let rows = first.rows;
  for (const term of others) {
    if (term.kind !== "matrix" || term.rows.length !== rows.length || term.rows[0]!.length !== rows[0]!.length) return undefined;
    rows = rows.map((row, i) => row.map((cell, j): Node => ({ kind: "add", args: [cell, term.rows[i]![j]!] })));
  }
  return bounded({ kind: "matrix", rows });
}

/** Products repeat their cells, so that a short answer could have any size. */
function bounded(matrix: Matrix): Matrix {
  let size = 0;
  someNode(matrix, () => ++size > LIMITS.nodes);
  if (size > LIMITS.nodes) throw new Undecided(`the matrices have more than ${LIMITS.nodes} parts when multiplied out`);
  return matrix;
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
