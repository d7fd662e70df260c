// Products with weights that are packed once and used many times, as in sampling: as floats, or as whole numbers in 8 bits with a scale for
// each column. Panels of 8 columns follow one another, each with all its lines; columns that are missing are 0.
import { pack } from "./matmul";
import { multiplyPanel1, multiplyPanel4 } from "./panels";
import { at } from "./simd";

/** Rows for which a panel stays in the cache. */
const ROW_BLOCK: i32 = 64;

/** See native/kernels.h. */
export function packWeight(b: usize, strideK: i32, strideN: i32, columns: i32, inner: i32, packed: usize): void {
  pack(b, strideK, strideN, columns, inner, packed);
}

/** Floats of scratch memory that {@link matmulPacked} needs: a tile that ends behind c. */
export function matmulPackedScratch(): i32 {
  return 32;
}

/** See native/kernels.h. */
export function matmulPacked(a: usize, packed: usize, c: usize, rows: i32, columns: i32, inner: i32, scratch: usize): void {
  multiplyPanels(a, packed, 0, c, rows, columns, inner, scratch);
}

/** Floats of scratch memory that {@link quantizeWeight} needs: a panel. */
export function quantizeWeightScratch(inner: i32): i32 {
  return 8 * inner;
}

/** Columns that memory is there for. */
function padded(columns: i32): i32 {
  return (columns + 15) & ~15;
}

/** See native/kernels.h. */
export function quantizeWeight(
  b: usize, strideK: i32, strideN: i32, columns: i32, inner: i32, quantized: usize, scratch: usize,
): void {
  const bytes = at(quantized, padded(columns));
  for (let j: i32 = 0; j < columns; j += 8) {
    pack(at(b, j * strideN), strideK, strideN, min(8, columns - j), inner, scratch);
    quantizePanel(scratch, inner, at(quantized, j), bytes + <usize>(j * inner));
  }
}

/** A panel of floats as bytes, and the scales of its columns. */
function quantizePanel(panel: usize, inner: i32, scales: usize, to: usize): void {
  for (let half: usize = 0; half < 32; half += 16) {
    let most = f32x4.splat(0);
    for (let k: i32 = 0; k < inner; k++) most = f32x4.max(most, f32x4.abs(v128.load(at(panel, 8 * k) + half)));
    const scale = f32x4.div(most, f32x4.splat(127));
    v128.store(scales + half, scale);
    const divisor = v128.bitselect(scale, f32x4.splat(1), f32x4.gt(scale, f32x4.splat(0)));
    const out = to + (half >> 2);
    for (let k: i32 = 0; k < inner; k++) {
      const whole = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.div(v128.load(at(panel, 8 * k) + half), divisor)));
      const words = i16x8.narrow_i32x4_s(whole, whole);
      v128.store32_lane(out + <usize>(8 * k), i8x16.narrow_i16x8_s(words, words), 0);
    }
  }
}

/** See native/kernels.h. */
export function matmulQuantized(a: usize, quantized: usize, c: usize, rows: i32, columns: i32, inner: i32, scratch: usize): void {
  multiplyPanels(a, at(quantized, padded(columns)), quantized, c, rows, columns, inner, scratch);
}

/** Floats of scratch memory that {@link matmulQuantized} needs: a tile that ends behind c, and a panel. */
export function matmulQuantizedScratch(inner: i32): i32 {
  return 32 + 8 * inner;
}

/** c = a·B of panels of floats, or of bytes where there are scales. */
// @ts-ignore: decorator
@inline
function multiplyPanels(
  a: usize, panels: usize, scales: usize, c: usize, rows: i32, columns: i32, inner: i32, scratch: usize,
): void {
  const size: i32 = scales == 0 ? 8 * inner : 2 * inner;
  for (let row0: i32 = 0; row0 < rows; row0 += ROW_BLOCK) {
    const end = min(row0 + ROW_BLOCK, rows);
    for (let j: i32 = 0; j < columns; j += 8) {
      let panel = at(panels, (j >> 3) * size);
      if (scales != 0 && rows > 1) {
        expand(panel, inner, at(scratch, 32));
        panel = at(scratch, 32);
      }
      const width = min(8, columns - j);
      for (let row = row0; row < end;) {
        const target = at(c, row * columns + j);
        const count = end - row >= 4 ? 4 : 1;
        const to = width == 8 ? target : scratch;
        const ldc = width == 8 ? columns : 8;
        if (count == 4) multiplyPanel4(at(a, row * inner), inner, panel, to, ldc, inner, false);
        else if (scales != 0 && rows == 1) multiplyBytes1(a, panel, to, inner);
        else multiplyPanel1(at(a, row * inner), panel, to, inner, false);
        if (scales != 0) scaleTile(to, ldc, count, at(scales, j));
        if (width < 8) for (let r: i32 = 0; r < count; r++) memory.copy(at(target, r * columns), at(scratch, 8 * r), width << 2);
        row += count;
      }
    }
  }
}

/** Bytes as floats. */
function expand(bytes: usize, inner: i32, panel: usize): void {
  for (let k: i32 = 0; k < inner; k++) {
    const words = v128.load8x8_s(bytes + <usize>(8 * k));
    v128.store(at(panel, 8 * k), f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)));
    v128.store(at(panel, 8 * k), f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words)), 16);
  }
}

/** {@link multiplyPanel1} of bytes. */
// @ts-ignore: decorator
@inline
function multiplyBytes1(a: usize, bytes: usize, c: usize, count: i32): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  for (let p: i32 = 0; p < count; p++) {
    const x = v128.load32_splat(at(a, p));
    const words = v128.load8x8_s(bytes + <usize>(8 * p));
    s0 = f32x4.add(s0, f32x4.mul(x, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words))));
    s1 = f32x4.add(s1, f32x4.mul(x, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words))));
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}

/** Each column of c [count, 8] times its scale. */
// @ts-ignore: decorator
@inline
function scaleTile(c: usize, ldc: i32, count: i32, scales: usize): void {
  for (let r: i32 = 0; r < count; r++) {
    const line = at(c, r * ldc);
    v128.store(line, f32x4.mul(v128.load(line), v128.load(scales)));
    v128.store(line, f32x4.mul(v128.load(line, 16), v128.load(scales, 16)), 16);
  }
}
