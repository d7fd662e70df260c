// Small SIMD building blocks. Pointers are byte offsets into the memory that the tfjs wasm backend owns.

// @ts-ignore: decorator
@inline
export function at(pointer: usize, index: i32): usize {
  return pointer + ((<usize>index) << 2);
}

// @ts-ignore: decorator
@inline
export function horizontalSum(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** 1.5 · 2²³: a float near 0 that is added to it loses its fraction, and the sum's last bits are that whole number. */
const WHOLE: f32 = 12582912.0;

/**
 * exp of four floats: range reduction by ln 2 in two parts and a degree-6 polynomial on [-ln2/2, ln2/2]
 * (Taylor coefficients; the truncation error there is below 2e-7 relative). Inputs are clamped to [-87, 88].
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const clamped = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87.0)), f32x4.splat(88.0));
  const whole = f32x4.add(f32x4.mul(clamped, f32x4.splat(1.4426950408889634)), f32x4.splat(WHOLE));
  const n = f32x4.sub(whole, f32x4.splat(WHOLE));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.3888888888888889e-3);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.333333333333333e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1666666666666664e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.16666666666666666));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.5));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0));
  const exponent = i32x4.add(i32x4.shl(whole, 23), i32x4.splat(0x3f800000));
  return f32x4.mul(p, exponent);
}

// @ts-ignore: decorator
@inline
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** Σ a[i]·b[i] over n floats. */
export function dot(a: usize, b: usize, n: i32): f32 {
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let i: i32 = 0;
  for (; i + 8 <= n; i += 8) {
    sum0 = f32x4.add(sum0, f32x4.mul(v128.load(at(a, i)), v128.load(at(b, i))));
    sum1 = f32x4.add(sum1, f32x4.mul(v128.load(at(a, i), 16), v128.load(at(b, i), 16)));
  }
  let sum = horizontalSum(f32x4.add(sum0, sum1));
  for (; i < n; i++) sum += load<f32>(at(a, i)) * load<f32>(at(b, i));
  return sum;
}

/** y[i] += scale·x[i] over n floats. */
export function addScaled(y: usize, x: usize, scale: f32, n: i32): void {
  const s = f32x4.splat(scale);
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) v128.store(at(y, i), f32x4.add(v128.load(at(y, i)), f32x4.mul(s, v128.load(at(x, i)))));
  for (; i < n; i++) store<f32>(at(y, i), load<f32>(at(y, i)) + scale * load<f32>(at(x, i)));
}

/** Turns n scores into exp(score − max) in place, and returns their sum. */
export function expInPlace(x: usize, n: i32, max: f32): f32 {
  const m = f32x4.splat(max);
  let sum4 = f32x4.splat(0);
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    const e = exp4(f32x4.sub(v128.load(at(x, i)), m));
    v128.store(at(x, i), e);
    sum4 = f32x4.add(sum4, e);
  }
  let sum = horizontalSum(sum4);
  for (; i < n; i++) {
    const e = exp1(load<f32>(at(x, i)) - max);
    store<f32>(at(x, i), e);
    sum += e;
  }
  return sum;
}

/** The largest of n floats; those that are no numbers may be passed over. */
export function maximum(x: usize, n: i32): f32 {
  let best: f32 = -f32.MAX_VALUE;
  let i: i32 = 0;
  if (n >= 4) {
    let best4 = v128.load(x);
    if (n >= 16) {
      let best5 = v128.load(x, 16);
      let best6 = v128.load(x, 32);
      let best7 = v128.load(x, 48);
      for (i = 16; i + 16 <= n; i += 16) {
        best4 = f32x4.pmax(best4, v128.load(at(x, i)));
        best5 = f32x4.pmax(best5, v128.load(at(x, i), 16));
        best6 = f32x4.pmax(best6, v128.load(at(x, i), 32));
        best7 = f32x4.pmax(best7, v128.load(at(x, i), 48));
      }
      best4 = f32x4.pmax(f32x4.pmax(best4, best5), f32x4.pmax(best6, best7));
    } else i = 4;
    for (; i + 4 <= n; i += 4) best4 = f32x4.pmax(best4, v128.load(at(x, i)));
    best = max(
      max(f32x4.extract_lane(best4, 0), f32x4.extract_lane(best4, 1)),
      max(f32x4.extract_lane(best4, 2), f32x4.extract_lane(best4, 3)),
    );
  }
  for (; i < n; i++) best = max(best, load<f32>(at(x, i)));
  return best;
}

/** x[i] *= factor over n floats. */
export function scaleInPlace(x: usize, n: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) v128.store(at(x, i), f32x4.mul(v128.load(at(x, i)), f));
  for (; i < n; i++) store<f32>(at(x, i), load<f32>(at(x, i)) * factor);
}

/** Natural logarithm of a positive, normal float: exponent plus an atanh series in double precision (error below 1e-9). */
export function log1(x: f32): f32 {
  const bits = reinterpret<i32>(x);
  let exponent = (bits >> 23) - 127;
  let mantissa = <f64>reinterpret<f32>((bits & 0x007fffff) | 0x3f800000);
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    exponent += 1;
  }
  const s = (mantissa - 1.0) / (mantissa + 1.0);
  const q = s * s;
  const series = 1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0)))));
  return <f32>(<f64>exponent * 0.6931471805599453 + 2.0 * s * series);
}

/** Column 0 of four lines of four floats; transposed1 to transposed3 give the others. */
// @ts-ignore: decorator
@inline
export function transposed0(r0: v128, r1: v128, r2: v128, r3: v128): v128 {
  return v128.shuffle<f32>(v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), 0, 1, 4, 5);
}

// @ts-ignore: decorator
@inline
export function transposed1(r0: v128, r1: v128, r2: v128, r3: v128): v128 {
  return v128.shuffle<f32>(v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), 2, 3, 6, 7);
}

// @ts-ignore: decorator
@inline
export function transposed2(r0: v128, r1: v128, r2: v128, r3: v128): v128 {
  return v128.shuffle<f32>(v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), v128.shuffle<f32>(r2, r3, 2, 6, 3, 7), 0, 1, 4, 5);
}

// @ts-ignore: decorator
@inline
export function transposed3(r0: v128, r1: v128, r2: v128, r3: v128): v128 {
  return v128.shuffle<f32>(v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), v128.shuffle<f32>(r2, r3, 2, 6, 3, 7), 2, 3, 6, 7);
}
