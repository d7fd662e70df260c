// Products of few rows with weights that are read where they lie, as in decoding: a packed copy would cost more than the product.
// Every element is the same sum in the same order as in matmul, so that a row's numbers do not depend on how many rows there are.
import { at, transposed0, transposed1, transposed2, transposed3 } from "./simd";

const COLUMN_BLOCK: i32 = 256;
const INNER_BLOCK: i32 = 8;

/** c [rows, columns] = a [rows, inner]·b [inner, columns]: b's lines are streamed, eight at a time, and sums are kept in c. */
export function multiplyFewRows(a: usize, b: usize, c: usize, rows: i32, columns: i32, inner: i32): void {
  memory.fill(c, 0, (rows * columns) << 2);
  for (let k: i32 = 0; k < inner; k += INNER_BLOCK) {
    const depth = min(INNER_BLOCK, inner - k);
    for (let j0: i32 = 0; j0 < columns; j0 += COLUMN_BLOCK) {
      const count = min(COLUMN_BLOCK, columns - j0);
      for (let row: i32 = 0; row < rows; row++) {
        const x = at(a, row * inner + k);
        const target = at(c, row * columns + j0);
        if (depth == INNER_BLOCK) addLines8(x, at(b, k * columns + j0), columns, target, count);
        else for (let p: i32 = 0; p < depth; p++) addLine(load<f32>(at(x, p)), at(b, (k + p) * columns + j0), target, 0, count);
      }
    }
  }
}

/** c[j] = (…(c[j] + x[0]·b[0, j]) + …) + x[7]·b[7, j]. */
// @ts-ignore: decorator
@inline
function addLines8(x: usize, b: usize, stride: i32, c: usize, count: i32): void {
  const x0 = v128.load32_splat(x), x1 = v128.load32_splat(x, 4), x2 = v128.load32_splat(x, 8), x3 = v128.load32_splat(x, 12);
  const x4 = v128.load32_splat(x, 16), x5 = v128.load32_splat(x, 20), x6 = v128.load32_splat(x, 24), x7 = v128.load32_splat(x, 28);
  const b1 = at(b, stride), b2 = at(b1, stride), b3 = at(b2, stride), b4 = at(b3, stride);
  const b5 = at(b4, stride), b6 = at(b5, stride), b7 = at(b6, stride);
  let j: i32 = 0;
  for (; j + 8 <= count; j += 8) {
    let s = v128.load(at(c, j));
    let t = v128.load(at(c, j), 16);
    s = f32x4.add(s, f32x4.mul(x0, v128.load(at(b, j)))); t = f32x4.add(t, f32x4.mul(x0, v128.load(at(b, j), 16)));
    s = f32x4.add(s, f32x4.mul(x1, v128.load(at(b1, j)))); t = f32x4.add(t, f32x4.mul(x1, v128.load(at(b1, j), 16)));
    s = f32x4.add(s, f32x4.mul(x2, v128.load(at(b2, j)))); t = f32x4.add(t, f32x4.mul(x2, v128.load(at(b2, j), 16)));
    s = f32x4.add(s, f32x4.mul(x3, v128.load(at(b3, j)))); t = f32x4.add(t, f32x4.mul(x3, v128.load(at(b3, j), 16)));
    s = f32x4.add(s, f32x4.mul(x4, v128.load(at(b4, j)))); t = f32x4.add(t, f32x4.mul(x4, v128.load(at(b4, j), 16)));
    s = f32x4.add(s, f32x4.mul(x5, v128.load(at(b5, j)))); t = f32x4.add(t, f32x4.mul(x5, v128.load(at(b5, j), 16)));
    s = f32x4.add(s, f32x4.mul(x6, v128.load(at(b6, j)))); t = f32x4.add(t, f32x4.mul(x6, v128.load(at(b6, j), 16)));
    s = f32x4.add(s, f32x4.mul(x7, v128.load(at(b7, j)))); t = f32x4.add(t, f32x4.mul(x7, v128.load(at(b7, j), 16)));
    v128.store(at(c, j), s);
    v128.store(at(c, j), t, 16);
  }
  for (let p: i32 = 0; p < INNER_BLOCK; p++) addLine(load<f32>(at(x, p)), at(b, p * stride), c, j, count);
}

/** c[j] += x·b[j] for j from `from` to `count`. */
// @ts-ignore: decorator
@inline
function addLine(x: f32, b: usize, c: usize, from: i32, count: i32): void {
  for (let j: i32 = from; j < count; j++) store<f32>(at(c, j), load<f32>(at(c, j)) + x * load<f32>(at(b, j)));
}

/** c [rows, columns] = a [rows, inner]·b [columns, inner]ᵀ: four by four floats of b are transposed in registers. */
export function multiplyFewRowsTransposed(a: usize, b: usize, c: usize, rows: i32, columns: i32, inner: i32): void {
  let j: i32 = 0;
  for (; j + 8 <= columns; j += 8) {
    const lines = at(b, j * inner);
    for (let row: i32 = 0; row < rows; row++) dots8(at(a, row * inner), lines, at(c, row * columns + j), inner);
  }
  for (; j < columns; j++) {
    for (let row: i32 = 0; row < rows; row++) {
      let sum: f32 = 0;
      for (let k: i32 = 0; k < inner; k++) sum += load<f32>(at(a, row * inner + k)) * load<f32>(at(b, j * inner + k));
      store<f32>(at(c, row * columns + j), sum);
    }
  }
}

/** c[0…7] = x·b[0…7], each over `inner` floats in order. */
// @ts-ignore: decorator
@inline
function dots8(x: usize, b: usize, c: usize, inner: i32): void {
  const half = at(b, 4 * inner);
  let s = f32x4.splat(0);
  let t = f32x4.splat(0);
  let k: i32 = 0;
  for (; k + 4 <= inner; k += 4) {
    s = addTransposed(s, at(x, k), at(b, k), inner);
    t = addTransposed(t, at(x, k), at(half, k), inner);
  }
  for (; k < inner; k++) {
    const value = v128.load32_splat(at(x, k));
    s = f32x4.add(s, f32x4.mul(value, column(at(b, k), inner)));
    t = f32x4.add(t, f32x4.mul(value, column(at(half, k), inner)));
  }
  v128.store(c, s);
  v128.store(c, t, 16);
}

/** sum[n] plus x[0…3]·b[n, 0…3], in order, for the four lines n of b. */
// @ts-ignore: decorator
@inline
function addTransposed(sum: v128, x: usize, b: usize, stride: i32): v128 {
  const b1 = at(b, stride), b2 = at(b1, stride), b3 = at(b2, stride);
  const r0 = v128.load(b), r1 = v128.load(b1), r2 = v128.load(b2), r3 = v128.load(b3);
  return addFour(sum, x, transposed0(r0, r1, r2, r3), transposed1(r0, r1, r2, r3), transposed2(r0, r1, r2, r3), transposed3(r0, r1, r2, r3));
}

// @ts-ignore: decorator
@inline
function addFour(sum: v128, x: usize, c0: v128, c1: v128, c2: v128, c3: v128): v128 {
  let s = f32x4.add(sum, f32x4.mul(v128.load32_splat(x), c0));
  s = f32x4.add(s, f32x4.mul(v128.load32_splat(x, 4), c1));
  s = f32x4.add(s, f32x4.mul(v128.load32_splat(x, 8), c2));
  return f32x4.add(s, f32x4.mul(v128.load32_splat(x, 12), c3));
}

/** b[0], b[stride], b[2·stride], b[3·stride]. */
// @ts-ignore: decorator
@inline
function column(b: usize, stride: i32): v128 {
  const first = f32x4.splat(load<f32>(b));
  const second = f32x4.replace_lane(first, 1, load<f32>(at(b, stride)));
  const third = f32x4.replace_lane(second, 2, load<f32>(at(b, 2 * stride)));
  return f32x4.replace_lane(third, 3, load<f32>(at(b, 3 * stride)));
}
