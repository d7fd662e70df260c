// Operations that treat each token's vector on its own: RMS norm, rotary embedding, SwiGLU, rows of a table.
import { addScaled, at, dot, exp1, exp4, horizontalSum } from "./simd";

/** y = x · rstd · weight with rstd = 1/√(mean(x²) + ε); rstd [rows] is kept. */
export function rmsNormForward(x: usize, weight: usize, rows: i32, width: i32, epsilon: f32, y: usize, rstd: usize): void {
  for (let row: i32 = 0; row < rows; row++) {
    const from = at(x, row * width);
    const to = at(y, row * width);
    const r = <f32>1.0 / sqrt<f32>(dot(from, from, width) / <f32>width + epsilon);
    store<f32>(at(rstd, row), r);
    const r4 = f32x4.splat(r);
    let i: i32 = 0;
    for (; i + 4 <= width; i += 4) {
      v128.store(at(to, i), f32x4.mul(f32x4.mul(v128.load(at(from, i)), r4), v128.load(at(weight, i))));
    }
    for (; i < width; i++) store<f32>(at(to, i), load<f32>(at(from, i)) * r * load<f32>(at(weight, i)));
  }
}

/** dx and dweight of rmsNormForward; `scratch`: width doubles. */
export function rmsNormBackward(
  x: usize, weight: usize, rstd: usize, dy: usize, rows: i32, width: i32, dx: usize, dweight: usize, scratch: usize,
): void {
  memory.fill(scratch, 0, width << 3);
  for (let row: i32 = 0; row < rows; row++) {
    normLineBackward(at(x, row * width), weight, load<f32>(at(rstd, row)), at(dy, row * width), width, at(dx, row * width), scratch);
  }
  roundSums(scratch, width, dweight);
}

/** out [width] = Σ_r x[r, width]; `scratch`: width doubles. */
export function sumRows(x: usize, rows: i32, width: i32, out: usize, scratch: usize): void {
  memory.fill(scratch, 0, width << 3);
  for (let row: i32 = 0; row < rows; row++) {
    const from = at(x, row * width);
    let i: i32 = 0;
    for (; i + 4 <= width; i += 4) addDoubles(at(scratch, 2 * i), v128.load(at(from, i)));
    for (; i < width; i++) store<f64>(at(scratch, 2 * i), load<f64>(at(scratch, 2 * i)) + <f64>load<f32>(at(from, i)));
  }
  roundSums(scratch, width, out);
}

/** Doubles to floats. */
function roundSums(sums: usize, width: i32, to: usize): void {
  for (let i: i32 = 0; i < width; i++) store<f32>(at(to, i), <f32>load<f64>(at(sums, 2 * i)));
}

/** sums [4 doubles] += x: over all tokens of a batch, floats would lose bits. */
// @ts-ignore: decorator
@inline
function addDoubles(sums: usize, x: v128): void {
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(x)));
  const high = i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  v128.store(sums, f64x2.add(v128.load(sums, 16), f64x2.promote_low_f32x4(high)), 16);
}

function normLineBackward(x: usize, weight: usize, r: f32, dy: usize, width: i32, dx: usize, sums: usize): void {
  let inner: f32 = 0;
  const r4 = f32x4.splat(r);
  let inner4 = f32x4.splat(0);
  let i: i32 = 0;
  for (; i + 4 <= width; i += 4) {
    const product = f32x4.mul(v128.load(at(dy, i)), v128.load(at(x, i)));
    inner4 = f32x4.add(inner4, f32x4.mul(product, v128.load(at(weight, i))));
    addDoubles(at(sums, 2 * i), f32x4.mul(product, r4));
  }
  inner = horizontalSum(inner4);
  for (; i < width; i++) {
    const product = load<f32>(at(dy, i)) * load<f32>(at(x, i));
    inner += product * load<f32>(at(weight, i));
    store<f64>(at(sums, 2 * i), load<f64>(at(sums, 2 * i)) + <f64>(product * r));
  }
  const c = (inner * r * r * r) / <f32>width;
  const c4 = f32x4.splat(c);
  for (i = 0; i + 4 <= width; i += 4) {
    const direct = f32x4.mul(f32x4.mul(v128.load(at(dy, i)), v128.load(at(weight, i))), r4);
    v128.store(at(dx, i), f32x4.sub(direct, f32x4.mul(v128.load(at(x, i)), c4)));
  }
  for (; i < width; i++) {
    store<f32>(at(dx, i), load<f32>(at(dy, i)) * load<f32>(at(weight, i)) * r - load<f32>(at(x, i)) * c);
  }
}

/**
 * Optional RMS norm of each query and key head (weights may be 0 = absent), then rotation of pairs (i, i + headDim/2) by the
 * token's position. Values are copied. cosines, sines: [positions, headDim/2]; rstd: [tokens, heads + kvHeads].
 */
export function rotaryForward(
  qkv: usize, queryWeight: usize, keyWeight: usize, cosines: usize, sines: usize, positions: usize,
  tokens: i32, heads: i32, kvHeads: i32, headDim: i32, epsilon: f32, out: usize, rstd: usize,
): void {
  const half = headDim / 2;
  const rotated = heads + kvHeads;
  const stride = (heads + 2 * kvHeads) * headDim;
  for (let token: i32 = 0; token < tokens; token++) {
    const position = load<i32>(at(positions, token));
    const cosine = at(cosines, position * half);
    const sine = at(sines, position * half);
    for (let head: i32 = 0; head < rotated; head++) {
      const from = at(qkv, token * stride + head * headDim);
      const to = at(out, token * stride + head * headDim);
      const weight = head < heads ? queryWeight : keyWeight;
      let r: f32 = 1;
      if (weight != 0) {
        r = <f32>1.0 / sqrt<f32>(dot(from, from, headDim) / <f32>headDim + epsilon);
        store<f32>(at(rstd, token * rotated + head), r);
      }
      for (let i: i32 = 0; i < half; i++) {
        let a = load<f32>(at(from, i));
        let b = load<f32>(at(from, i + half));
        if (weight != 0) {
          a *= r * load<f32>(at(weight, i));
          b *= r * load<f32>(at(weight, i + half));
        }
        const c = load<f32>(at(cosine, i));
        const s = load<f32>(at(sine, i));
        store<f32>(at(to, i), a * c - b * s);
        store<f32>(at(to, i + half), b * c + a * s);
      }
    }
    const values = token * stride + rotated * headDim;
    memory.copy(at(out, values), at(qkv, values), (kvHeads * headDim) << 2);
  }
}

/** Gradient of rotaryForward. `scratch`: with weights 5·headDim floats, else none. */
export function rotaryBackward(
  qkv: usize, queryWeight: usize, keyWeight: usize, cosines: usize, sines: usize, positions: usize, rstd: usize, dout: usize,
  tokens: i32, heads: i32, kvHeads: i32, headDim: i32, scratch: usize, dqkv: usize, dqueryWeight: usize, dkeyWeight: usize,
): void {
  const half = headDim / 2;
  const querySums = scratch;
  const keySums = at(scratch, 2 * headDim);
  const line = at(scratch, 4 * headDim);
  if (queryWeight != 0) memory.fill(scratch, 0, headDim << 4);
  const rotated = heads + kvHeads;
  const stride = (heads + 2 * kvHeads) * headDim;
  for (let token: i32 = 0; token < tokens; token++) {
    const position = load<i32>(at(positions, token));
    const cosine = at(cosines, position * half);
    const sine = at(sines, position * half);
    for (let head: i32 = 0; head < rotated; head++) {
      const offset = token * stride + head * headDim;
      const weight = head < heads ? queryWeight : keyWeight;
      const target = weight != 0 ? line : at(dqkv, offset);
      for (let i: i32 = 0; i < half; i++) {
        const da = load<f32>(at(dout, offset + i));
        const db = load<f32>(at(dout, offset + i + half));
        const c = load<f32>(at(cosine, i));
        const s = load<f32>(at(sine, i));
        store<f32>(at(target, i), da * c + db * s);
        store<f32>(at(target, i + half), db * c - da * s);
      }
      if (weight != 0) {
        const r = load<f32>(at(rstd, token * rotated + head));
        normLineBackward(at(qkv, offset), weight, r, line, headDim, at(dqkv, offset), head < heads ? querySums : keySums);
      }
    }
    const values = token * stride + rotated * headDim;
    memory.copy(at(dqkv, values), at(dout, values), (kvHeads * headDim) << 2);
  }
  if (queryWeight == 0) return;
  roundSums(querySums, headDim, dqueryWeight);
  roundSums(keySums, headDim, dkeyWeight);
}

/** out = silu(gate)·up, with gateUp [rows, 2·width]: gate first. */
export function swigluForward(gateUp: usize, rows: i32, width: i32, out: usize): void {
  const one = f32x4.splat(1);
  for (let row: i32 = 0; row < rows; row++) {
    const gate = at(gateUp, 2 * row * width);
    const up = at(gate, width);
    const to = at(out, row * width);
    let i: i32 = 0;
    for (; i + 4 <= width; i += 4) {
      const g = v128.load(at(gate, i));
      const sigmoid = f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(g))));
      v128.store(at(to, i), f32x4.mul(f32x4.mul(g, sigmoid), v128.load(at(up, i))));
    }
    for (; i < width; i++) {
      const g = load<f32>(at(gate, i));
      store<f32>(at(to, i), (g / (<f32>1.0 + exp1(-g))) * load<f32>(at(up, i)));
    }
  }
}

/** dgateUp of swigluForward. */
export function swigluBackward(gateUp: usize, dout: usize, rows: i32, width: i32, dgateUp: usize): void {
  const one = f32x4.splat(1);
  for (let row: i32 = 0; row < rows; row++) {
    const gate = at(gateUp, 2 * row * width);
    const up = at(gate, width);
    const dgate = at(dgateUp, 2 * row * width);
    const dup = at(dgate, width);
    const d = at(dout, row * width);
    let i: i32 = 0;
    for (; i + 4 <= width; i += 4) {
      const g = v128.load(at(gate, i));
      const u = v128.load(at(up, i));
      const dy = v128.load(at(d, i));
      const sigmoid = f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(g))));
      const silu = f32x4.mul(g, sigmoid);
      const slope = f32x4.mul(sigmoid, f32x4.add(one, f32x4.sub(g, silu)));
      v128.store(at(dup, i), f32x4.mul(dy, silu));
      v128.store(at(dgate, i), f32x4.mul(f32x4.mul(dy, u), slope));
    }
    for (; i < width; i++) {
      const g = load<f32>(at(gate, i));
      const dy = load<f32>(at(d, i));
      const sigmoid = <f32>1.0 / (<f32>1.0 + exp1(-g));
      const silu = g * sigmoid;
      store<f32>(at(dup, i), dy * silu);
      store<f32>(at(dgate, i), dy * load<f32>(at(up, i)) * sigmoid * (<f32>1.0 + g - silu));
    }
  }
}

/** out[r] = table[ids[r]]. */
export function gatherRows(table: usize, ids: usize, rows: i32, width: i32, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) {
    memory.copy(at(out, row * width), at(table, load<i32>(at(ids, row)) * width), width << 2);
  }
}

/** table[ids[r]] += rows[r], in order of r. */
export function scatterAddRows(from: usize, ids: usize, rows: i32, width: i32, table: usize): void {
  for (let row: i32 = 0; row < rows; row++) addScaled(at(table, load<i32>(at(ids, row)) * width), at(from, row * width), 1, width);
}
