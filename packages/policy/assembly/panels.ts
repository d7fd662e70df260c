// Products of lines with a panel: 8 columns of a right operand, copied so that its lines follow one another.
import { at } from "./simd";

/**
 * c [4, 8] = (go ? c : 0) + a [4, count]·panel [count, 8], added in the order of the panel's lines. Lines of a and c are lda and ldc floats
 * apart.
 */
// @ts-ignore: decorator
@inline
export function multiplyPanel4(a: usize, lda: i32, panel: usize, c: usize, ldc: i32, count: i32, go: bool): void {
  const a1 = at(a, lda);
  const a2 = at(a1, lda);
  const a3 = at(a2, lda);
  const c1 = at(c, ldc);
  const c2 = at(c1, ldc);
  const c3 = at(c2, ldc);
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0), s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0), s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  if (go) {
    s00 = v128.load(c); s01 = v128.load(c, 16); s10 = v128.load(c1); s11 = v128.load(c1, 16);
    s20 = v128.load(c2); s21 = v128.load(c2, 16); s30 = v128.load(c3); s31 = v128.load(c3, 16);
  }
  let b = panel;
  for (let p: i32 = 0; p < count; p++) {
    const offset = (<usize>p) << 2;
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load32_splat(a + offset);
    const x1 = v128.load32_splat(a1 + offset);
    const x2 = v128.load32_splat(a2 + offset);
    const x3 = v128.load32_splat(a3 + offset);
    s00 = f32x4.add(s00, f32x4.mul(x0, b0)); s01 = f32x4.add(s01, f32x4.mul(x0, b1));
    s10 = f32x4.add(s10, f32x4.mul(x1, b0)); s11 = f32x4.add(s11, f32x4.mul(x1, b1));
    s20 = f32x4.add(s20, f32x4.mul(x2, b0)); s21 = f32x4.add(s21, f32x4.mul(x2, b1));
    s30 = f32x4.add(s30, f32x4.mul(x3, b0)); s31 = f32x4.add(s31, f32x4.mul(x3, b1));
    b += 32;
  }
  v128.store(c, s00); v128.store(c, s01, 16); v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16); v128.store(c3, s30); v128.store(c3, s31, 16);
}

/** The same for one line: c [8], a [count]. */
// @ts-ignore: decorator
@inline
export function multiplyPanel1(a: usize, panel: usize, c: usize, count: i32, go: bool): void {
  let s0 = go ? v128.load(c) : f32x4.splat(0);
  let s1 = go ? v128.load(c, 16) : f32x4.splat(0);
  for (let p: i32 = 0; p < count; p++) {
    const x = v128.load32_splat(at(a, p));
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(at(panel, 8 * p))));
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(at(panel, 8 * p), 16)));
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}
