// Weights of tokens, in single or in double precision, and their sums.
import { at } from "./simd";

// @ts-ignore: decorator
@inline
export function weightAt(weights: usize, id: i32, exact: bool): f64 {
  return exact ? load<f64>(weights + ((<usize>id) << 3)) : <f64>load<f32>(at(weights, id));
}

/** Two floats as doubles. */
// @ts-ignore: decorator
@inline
export function load2(from: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(from));
}

/** The sum of the weights of some ids, in double precision. */
export function addBlock(weights: usize, start: i32, end: i32, exact: bool): f64 {
  let sum: f64 = 0;
  let id = start;
  if (!exact) {
    let low = f64x2.splat(0);
    let high = f64x2.splat(0);
    for (; id + 4 <= end; id += 4) {
      const four = v128.load(at(weights, id));
      low = f64x2.add(low, f64x2.promote_low_f32x4(four));
      high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 2, 3)));
    }
    const both = f64x2.add(low, high);
    sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  }
  for (; id < end; id++) sum += weightAt(weights, id, exact);
  return sum;
}

/**
 * exp of two doubles, 0 below −708: range reduction by ln 2 in two parts and Taylor's polynomial of degree 13 on [-ln2/2, ln2/2], whose
 * truncation error is below 1e-17. Inputs are clamped to 709.
 */
export function exp2(x: v128): v128 {
  const clamped = f64x2.min(f64x2.max(x, f64x2.splat(-708)), f64x2.splat(709));
  const n = f64x2.nearest(f64x2.mul(clamped, f64x2.splat(1.4426950408889634)));
  let r = f64x2.sub(clamped, f64x2.mul(n, f64x2.splat(6.93147180369123816490e-1)));
  r = f64x2.sub(r, f64x2.mul(n, f64x2.splat(1.90821492927058770002e-10)));
  let p = f64x2.splat(1.0 / 6227020800.0);
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 479001600.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 39916800.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 3628800.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 362880.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 40320.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 5040.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 720.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 120.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 24.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 6.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.5));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1));
  const exponent = i64x2.shl(i64x2.add(i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(n)), i64x2.splat(1023)), 52);
  return v128.and(f64x2.mul(p, exponent), f64x2.ge(x, f64x2.splat(-708)));
}
