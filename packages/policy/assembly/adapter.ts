// What low-rank adapters need beside products: dropout of their input, and columns of a wider matrix.
import { at } from "./simd";

/**
 * out = x with entries zeroed where a Philox4x32-10 word is below `threshold`, the others scaled. The counter is (feature / 4, place of
 * the token in its row, number of the row, 0), one word for each of four features. out may be x.
 */
export function dropout(
  x: usize, rowOffsets: usize, rows: i32, firstRow: i32, width: i32, key0: u32, key1: u32, threshold: u32, scale: f32, out: usize,
): void {
  for (let row: i32 = 0; row < rows; row++) {
    const start = load<i32>(at(rowOffsets, row));
    const end = load<i32>(at(rowOffsets, row + 1));
    for (let token: i32 = start; token < end; token++) {
      const from = at(x, token * width);
      const to = at(out, token * width);
      for (let i: i32 = 0; i < width; i += 4) {
        let c0: u32 = i / 4, c1: u32 = token - start, c2: u32 = firstRow + row, c3: u32 = 0;
        let k0 = key0, k1 = key1;
        for (let round: i32 = 0; round < 10; round++) {
          const product0 = <u64>c0 * 0xd2511f53;
          const product1 = <u64>c2 * 0xcd9e8d57;
          c0 = <u32>(product1 >> 32) ^ c1 ^ k0;
          c1 = <u32>product1;
          c2 = <u32>(product0 >> 32) ^ c3 ^ k1;
          c3 = <u32>product0;
          k0 += 0x9e3779b9;
          k1 += 0xbb67ae85;
        }
        const rest = width - i;
        store<f32>(at(to, i), c0 < threshold ? 0 : load<f32>(at(from, i)) * scale);
        if (rest > 1) store<f32>(at(to, i + 1), c1 < threshold ? 0 : load<f32>(at(from, i + 1)) * scale);
        if (rest > 2) store<f32>(at(to, i + 2), c2 < threshold ? 0 : load<f32>(at(from, i + 2)) * scale);
        if (rest > 3) store<f32>(at(to, i + 3), c3 < threshold ? 0 : load<f32>(at(from, i + 3)) * scale);
      }
    }
  }
}

/** to[r, c] += scale·from[r, c] for a contiguous `from` [rows, columns] and lines of `to` that lie `stride` floats apart. */
export function addColumns(from: usize, rows: i32, columns: i32, scale: f32, to: usize, stride: i32): void {
  const s = f32x4.splat(scale);
  for (let row: i32 = 0; row < rows; row++) {
    const source = at(from, row * columns);
    const target = at(to, row * stride);
    let i: i32 = 0;
    for (; i + 4 <= columns; i += 4) {
      v128.store(at(target, i), f32x4.add(v128.load(at(target, i)), f32x4.mul(s, v128.load(at(source, i)))));
    }
    for (; i < columns; i++) store<f32>(at(target, i), load<f32>(at(target, i)) + scale * load<f32>(at(source, i)));
  }
}

/** to [rows, columns] = scale·from[r, c] for lines of `from` that lie `stride` floats apart. */
export function takeColumns(from: usize, stride: i32, rows: i32, columns: i32, scale: f32, to: usize): void {
  const s = f32x4.splat(scale);
  for (let row: i32 = 0; row < rows; row++) {
    const source = at(from, row * stride);
    const target = at(to, row * columns);
    let i: i32 = 0;
    for (; i + 4 <= columns; i += 4) v128.store(at(target, i), f32x4.mul(s, v128.load(at(source, i))));
    for (; i < columns; i++) store<f32>(at(target, i), scale * load<f32>(at(source, i)));
  }
}
