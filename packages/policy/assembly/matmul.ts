// Products of whole activations with weights. The right operand is copied to panels of 8 columns, which the inner loop reads in order.
import { multiplyFewRows, multiplyFewRowsTransposed } from "./matvec";
import { multiplyPanel1, multiplyPanel4 } from "./panels";
import { at, transposed0, transposed1, transposed2, transposed3 } from "./simd";

/** Up to so many rows, reading a weight where it lies is faster than copying it first. */
const FEW_ROWS: i32 = 3;
const ROW_BLOCK: i32 = 64;
/** Floats of the right operand that are copied at a time: a weight as large as the output head is never copied as a whole. */
const PANEL_FLOATS: i32 = 1 << 20;

/** Columns of the right operand that are copied at a time: a multiple of 8. */
function blockColumns(inner: i32, columns: i32): i32 {
  return min((columns + 7) & ~7, max(8, (PANEL_FLOATS / max(inner, 1)) & ~7));
}

/** Floats of scratch memory that {@link matmul} needs; often none. */
export function matmulScratch(rows: i32, columns: i32, inner: i32): i32 {
  return rows <= FEW_ROWS ? 0 : inner * blockColumns(inner, columns) + 32;
}

/**
 * c [rows, columns] = a [rows, inner]·B, where B[k, n] is at b + k·strideK + n·strideN (in floats): a weight as it is stored (strideN 1),
 * or its transpose (strideK 1). Every element is summed in the order of k, whatever the number of rows.
 */
export function matmul(
  a: usize, b: usize, strideK: i32, strideN: i32, c: usize, rows: i32, columns: i32, inner: i32, scratch: usize,
): void {
  if (rows <= FEW_ROWS) {
    if (strideN == 1) multiplyFewRows(a, b, c, rows, columns, inner);
    else multiplyFewRowsTransposed(a, b, c, rows, columns, inner);
    return;
  }
  const block = blockColumns(inner, columns);
  const edge = at(scratch, inner * block);
  for (let column0: i32 = 0; column0 < columns; column0 += block) {
    const lastColumn = min(column0 + block, columns);
    pack(at(b, column0 * strideN), strideK, strideN, lastColumn - column0, inner, scratch);
    for (let row0: i32 = 0; row0 < rows; row0 += ROW_BLOCK) {
      const end = min(row0 + ROW_BLOCK, rows);
      for (let j: i32 = column0; j < lastColumn; j += 8) {
        multiplyPanel(a, at(scratch, (j - column0) * inner), c, row0, end, j, columns, inner, edge);
      }
    }
  }
}

/** Columns j to j + 7 of c, for rows from row0 to end. */
// @ts-ignore: decorator
@inline
function multiplyPanel(
  a: usize, panel: usize, c: usize, row0: i32, end: i32, j: i32, columns: i32, inner: i32, edge: usize,
): void {
  const width = min(8, columns - j);
  let row: i32 = row0;
  for (; row + 4 <= end; row += 4) {
    const left = at(a, row * inner);
    const target = at(c, row * columns + j);
    if (width == 8) {
      multiplyPanel4(left, inner, panel, target, columns, inner, false);
    } else {
      multiplyPanel4(left, inner, panel, edge, 8, inner, false);
      for (let r: i32 = 0; r < 4; r++) memory.copy(at(target, r * columns), at(edge, 8 * r), width << 2);
    }
  }
  for (; row < end; row++) {
    const target = at(c, row * columns + j);
    if (width == 8) {
      multiplyPanel1(at(a, row * inner), panel, target, inner, false);
    } else {
      multiplyPanel1(at(a, row * inner), panel, edge, inner, false);
      memory.copy(target, edge, width << 2);
    }
  }
}

/** Panel p holds columns 8p to 8p + 7, row after row; missing columns are 0. */
export function pack(b: usize, strideK: i32, strideN: i32, columns: i32, inner: i32, panels: usize): void {
  for (let j: i32 = 0; j < columns; j += 8) {
    const panel = at(panels, j * inner);
    const width = min(8, columns - j);
    if (width == 8 && strideN == 1) {
      for (let k: i32 = 0; k < inner; k++) {
        const from = at(b, k * strideK + j);
        v128.store(at(panel, 8 * k), v128.load(from));
        v128.store(at(panel, 8 * k), v128.load(from, 16), 16);
      }
      continue;
    }
    if (width == 8 && strideK == 1) {
      packTransposed(at(b, j * strideN), strideN, inner, panel);
      continue;
    }
    if (width < 8) memory.fill(panel, 0, (8 * inner) << 2);
    for (let n: i32 = 0; n < width; n++) {
      const from = at(b, (j + n) * strideN);
      for (let k: i32 = 0; k < inner; k++) store<f32>(at(panel, 8 * k + n), load<f32>(at(from, k * strideK)));
    }
  }
}

/** A panel of eight lines of b, transposed: four by four floats at a time. */
// @ts-ignore: decorator
@inline
function packTransposed(b: usize, strideN: i32, inner: i32, panel: usize): void {
  let k: i32 = 0;
  for (; k + 4 <= inner; k += 4) {
    for (let half: i32 = 0; half < 8; half += 4) {
      const line = at(b, half * strideN + k);
      const r0 = v128.load(line), r1 = v128.load(at(line, strideN));
      const r2 = v128.load(at(line, 2 * strideN)), r3 = v128.load(at(line, 3 * strideN));
      const to = at(panel, 8 * k + half);
      v128.store(to, transposed0(r0, r1, r2, r3));
      v128.store(to, transposed1(r0, r1, r2, r3), 32);
      v128.store(to, transposed2(r0, r1, r2, r3), 64);
      v128.store(to, transposed3(r0, r1, r2, r3), 96);
    }
  }
  for (; k < inner; k++) {
    for (let n: i32 = 0; n < 8; n++) store<f32>(at(panel, 8 * k + n), load<f32>(at(b, n * strideN + k)));
  }
}
