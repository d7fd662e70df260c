// Small dense products on strided row-major blocks that fit the first-level caches (attention works on such blocks).
import { multiplyPanel1, multiplyPanel4 } from "./panels";
import { at } from "./simd";

/**
 * C[m, n] (+)= Σ_k A[m, k]·B[k, n], or with `transposed` A given as A[k, m].
 * Strides are in floats. n is processed in vectors of 8, then single floats. What is added to C is summed on its own first, so that a
 * long sum of many blocks is one of short sums and loses fewer bits.
 */
// @ts-ignore: decorator
@inline
function product(
  a: usize, strideAm: i32, strideAk: i32, b: usize, ldb: i32, c: usize, ldc: i32,
  m: i32, n: i32, k: i32, accumulate: bool,
): void {
  let i: i32 = 0;
  for (; i + 4 <= m; i += 4) {
    const a0 = at(a, i * strideAm);
    const a1 = at(a0, strideAm);
    const a2 = at(a1, strideAm);
    const a3 = at(a2, strideAm);
    const c0 = at(c, i * ldc);
    const c1 = at(c0, ldc);
    const c2 = at(c1, ldc);
    const c3 = at(c2, ldc);
    let j: i32 = 0;
    for (; j + 8 <= n; j += 8) {
      let s00 = f32x4.splat(0), s01 = f32x4.splat(0), s10 = f32x4.splat(0), s11 = f32x4.splat(0);
      let s20 = f32x4.splat(0), s21 = f32x4.splat(0), s30 = f32x4.splat(0), s31 = f32x4.splat(0);
      let pb = at(b, j);
      let offset: usize = 0;
      const stepA = (<usize>strideAk) << 2;
      const stepB = (<usize>ldb) << 2;
      for (let p: i32 = 0; p < k; p++) {
        const b0 = v128.load(pb);
        const b1 = v128.load(pb, 16);
        const x0 = v128.load32_splat(a0 + offset);
        const x1 = v128.load32_splat(a1 + offset);
        const x2 = v128.load32_splat(a2 + offset);
        const x3 = v128.load32_splat(a3 + offset);
        s00 = f32x4.add(s00, f32x4.mul(x0, b0)); s01 = f32x4.add(s01, f32x4.mul(x0, b1));
        s10 = f32x4.add(s10, f32x4.mul(x1, b0)); s11 = f32x4.add(s11, f32x4.mul(x1, b1));
        s20 = f32x4.add(s20, f32x4.mul(x2, b0)); s21 = f32x4.add(s21, f32x4.mul(x2, b1));
        s30 = f32x4.add(s30, f32x4.mul(x3, b0)); s31 = f32x4.add(s31, f32x4.mul(x3, b1));
        pb += stepB;
        offset += stepA;
      }
      if (accumulate) {
        s00 = f32x4.add(s00, v128.load(at(c0, j))); s01 = f32x4.add(s01, v128.load(at(c0, j), 16));
        s10 = f32x4.add(s10, v128.load(at(c1, j))); s11 = f32x4.add(s11, v128.load(at(c1, j), 16));
        s20 = f32x4.add(s20, v128.load(at(c2, j))); s21 = f32x4.add(s21, v128.load(at(c2, j), 16));
        s30 = f32x4.add(s30, v128.load(at(c3, j))); s31 = f32x4.add(s31, v128.load(at(c3, j), 16));
      }
      v128.store(at(c0, j), s00); v128.store(at(c0, j), s01, 16);
      v128.store(at(c1, j), s10); v128.store(at(c1, j), s11, 16);
      v128.store(at(c2, j), s20); v128.store(at(c2, j), s21, 16);
      v128.store(at(c3, j), s30); v128.store(at(c3, j), s31, 16);
    }
    for (; j < n; j++) {
      single(a0, strideAk, at(b, j), ldb, at(c0, j), k, accumulate);
      single(a1, strideAk, at(b, j), ldb, at(c1, j), k, accumulate);
      single(a2, strideAk, at(b, j), ldb, at(c2, j), k, accumulate);
      single(a3, strideAk, at(b, j), ldb, at(c3, j), k, accumulate);
    }
  }
  for (; i < m; i++) {
    const a0 = at(a, i * strideAm);
    const c0 = at(c, i * ldc);
    let j: i32 = 0;
    for (; j + 8 <= n; j += 8) {
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0);
      for (let p: i32 = 0; p < k; p++) {
        const x = v128.load32_splat(at(a0, p * strideAk));
        const pb = at(b, p * ldb + j);
        s0 = f32x4.add(s0, f32x4.mul(x, v128.load(pb)));
        s1 = f32x4.add(s1, f32x4.mul(x, v128.load(pb, 16)));
      }
      if (accumulate) {
        s0 = f32x4.add(s0, v128.load(at(c0, j))); s1 = f32x4.add(s1, v128.load(at(c0, j), 16));
      }
      v128.store(at(c0, j), s0); v128.store(at(c0, j), s1, 16);
    }
    for (; j < n; j++) single(a0, strideAk, at(b, j), ldb, at(c0, j), k, accumulate);
  }
}

function single(a: usize, strideAk: i32, b: usize, ldb: i32, c: usize, k: i32, accumulate: bool): void {
  let sum: f32 = 0;
  for (let p: i32 = 0; p < k; p++) sum += load<f32>(at(a, p * strideAk)) * load<f32>(at(b, p * ldb));
  store<f32>(c, accumulate ? load<f32>(c) + sum : sum);
}

/** C[m, n] = A[m, k]·B[k, n]. */
export function multiply(a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32): void {
  product(a, lda, 1, b, ldb, c, ldc, m, n, k, false);
}

/** Lines of the right operand that are copied at a time: a panel of 8 KiB stays in the first-level cache. */
const PANEL_LINES: i32 = 256;

/** Floats of scratch memory that {@link multiplyBlocks} needs. */
export const PANEL_FLOATS: i32 = 8 * PANEL_LINES;

/**
 * {@link multiply}, to the bit, of operands that no cache holds: the right one is copied to panels of 8 columns, and each is used for all
 * rows. Worth it from some eight rows on.
 */
export function multiplyBlocks(
  a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32, panel: usize,
): void {
  const n8 = n & ~7;
  for (let j: i32 = 0; j < n8; j += 8) {
    for (let k0: i32 = 0; k0 < k; k0 += PANEL_LINES) {
      const count = min(PANEL_LINES, k - k0);
      let from = at(b, k0 * ldb + j);
      for (let p: i32 = 0; p < count; p++) {
        v128.store(at(panel, 8 * p), v128.load(from));
        v128.store(at(panel, 8 * p), v128.load(from, 16), 16);
        from = at(from, ldb);
      }
      const go = k0 > 0;
      let i: i32 = 0;
      for (; i + 4 <= m; i += 4) multiplyPanel4(at(a, i * lda + k0), lda, panel, at(c, i * ldc + j), ldc, count, go);
      for (; i < m; i++) multiplyPanel1(at(a, i * lda + k0), panel, at(c, i * ldc + j), count, go);
    }
  }
  for (let j = n8; j < n; j++) for (let i: i32 = 0; i < m; i++) single(at(a, i * lda), 1, at(b, j), ldb, at(c, i * ldc + j), k, false);
}

/** C[m, n] += A[m, k]·B[k, n]. */
export function multiplyAdd(a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32): void {
  product(a, lda, 1, b, ldb, c, ldc, m, n, k, true);
}

/** C[m, n] += A[k, m]ᵀ·B[k, n]. */
export function multiplyTransposedAdd(
  a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32,
): void {
  product(a, 1, lda, b, ldb, c, ldc, m, n, k, true);
}

/** to[c, r] = from[r, c], strides in floats. */
export function transpose(from: usize, ldFrom: i32, to: usize, ldTo: i32, rows: i32, columns: i32): void {
  for (let r: i32 = 0; r < rows; r++) {
    const source = at(from, r * ldFrom);
    for (let c: i32 = 0; c < columns; c++) store<f32>(at(to, c * ldTo + r), load<f32>(at(source, c)));
  }
}

const TOKEN_BLOCK: i32 = 64;

/** Floats of scratch memory that {@link weightGradient} needs. */
export function weightGradientScratch(inputs: i32): i32 {
  return TOKEN_BLOCK * (inputs + 8);
}

/**
 * dw [inputs, outputs] += Σ_t x[t, inputs]ᵀ·dy[t, outputs]: the gradient of a weight. Blocks of tokens are copied to panels of 4
 * inputs and 8 outputs, which stay in the first-level cache whatever the strides.
 */
export function weightGradient(x: usize, dy: usize, tokens: i32, inputs: i32, outputs: i32, dw: usize, scratch: usize): void {
  weightGradientColumns(x, dy, tokens, inputs, outputs, dw, scratch, 0, outputs);
}

/** {@link weightGradient} for outputs from `first`, a multiple of 8, to `last`, which is another one or the end. */
export function weightGradientColumns(
  x: usize, dy: usize, tokens: i32, inputs: i32, outputs: i32, dw: usize, scratch: usize, first: i32, last: i32,
): void {
  const panelB = at(scratch, TOKEN_BLOCK * inputs);
  const inputs4 = inputs & ~3;
  const outputs8 = last & ~7;
  for (let t0: i32 = 0; t0 < tokens; t0 += TOKEN_BLOCK) {
    const count = min(TOKEN_BLOCK, tokens - t0);
    const xBlock = at(x, t0 * inputs);
    const dyBlock = at(dy, t0 * outputs);
    for (let t: i32 = 0; t < count; t++) {
      for (let i: i32 = 0; i < inputs4; i += 4) v128.store(at(scratch, i * TOKEN_BLOCK + 4 * t), v128.load(at(xBlock, t * inputs + i)));
    }
    for (let j = first; j < outputs8; j += 8) {
      for (let t: i32 = 0; t < count; t++) {
        const from = at(dyBlock, t * outputs + j);
        v128.store(at(panelB, 8 * t), v128.load(from));
        v128.store(at(panelB, 8 * t), v128.load(from, 16), 16);
      }
      for (let i: i32 = 0; i < inputs4; i += 4) addPanels(at(scratch, i * TOKEN_BLOCK), panelB, count, at(dw, i * outputs + j), outputs);
    }
    if (outputs8 < last) {
      multiplyTransposedAdd(xBlock, inputs, at(dyBlock, outputs8), outputs, at(dw, outputs8), outputs, inputs4, last - outputs8, count);
    }
    if (inputs4 < inputs) {
      multiplyTransposedAdd(
        at(xBlock, inputs4), inputs, at(dyBlock, first), outputs, at(dw, inputs4 * outputs + first), outputs, inputs - inputs4, last - first, count,
      );
    }
  }
}

/** c [4, 8] += Σ_t a[t, 4]ᵀ·b[t, 8] on packed panels. */
// @ts-ignore: decorator
@inline
function addPanels(a: usize, b: usize, count: i32, c: usize, ldc: i32): void {
  const c1 = at(c, ldc);
  const c2 = at(c1, ldc);
  const c3 = at(c2, ldc);
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0), s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0), s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  for (let t: i32 = 0; t < count; t++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load32_splat(a);
    const x1 = v128.load32_splat(a, 4);
    const x2 = v128.load32_splat(a, 8);
    const x3 = v128.load32_splat(a, 12);
    s00 = f32x4.add(s00, f32x4.mul(x0, b0)); s01 = f32x4.add(s01, f32x4.mul(x0, b1));
    s10 = f32x4.add(s10, f32x4.mul(x1, b0)); s11 = f32x4.add(s11, f32x4.mul(x1, b1));
    s20 = f32x4.add(s20, f32x4.mul(x2, b0)); s21 = f32x4.add(s21, f32x4.mul(x2, b1));
    s30 = f32x4.add(s30, f32x4.mul(x3, b0)); s31 = f32x4.add(s31, f32x4.mul(x3, b1));
    a += 16;
    b += 32;
  }
  addTo(c, s00, s01);
  addTo(c1, s10, s11);
  addTo(c2, s20, s21);
  addTo(c3, s30, s31);
}

// @ts-ignore: decorator
@inline
function addTo(c: usize, low: v128, high: v128): void {
  v128.store(c, f32x4.add(v128.load(c), low));
  v128.store(c, f32x4.add(v128.load(c, 16), high), 16);
}
