import { at } from "./simd";

/** Σ x², in double precision. */
export function sumOfSquares(x: usize, n: i32): f64 {
  let sum: f64 = 0;
  for (let i: i32 = 0; i < n; i++) {
    const value = <f64>load<f32>(at(x, i));
    sum += value * value;
  }
  return sum;
}

/** total += x, element by element. */
export function accumulate(total: usize, x: usize, n: i32): void {
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) v128.store(at(total, i), f32x4.add(v128.load(at(total, i)), v128.load(at(x, i))));
  for (; i < n; i++) store<f32>(at(total, i), load<f32>(at(total, i)) + load<f32>(at(x, i)));
}

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter, 2019). The moments change in place, the parameter is written to
 * `updated`: tfjs's own matrix product keeps packed copies of its right operand by identity. `gradientScale` carries the norm clip; correction1
 * and correction2 are 1 − β₁ᵗ and 1 − β₂ᵗ.
 */
export function adamW(
  parameter: usize, gradient: usize, mean: usize, variance: usize, updated: usize, n: i32, gradientScale: f32, learningRate: f32, beta1: f32,
  beta2: f32, epsilon: f32, weightDecay: f32, correction1: f32, correction2: f32,
): void {
  const keep = <f32>1.0 - learningRate * weightDecay;
  const step = learningRate / correction1;
  const root = <f32>1.0 / sqrt<f32>(correction2);
  for (let i: i32 = 0; i < n; i++) {
    const g = load<f32>(at(gradient, i)) * gradientScale;
    const m = beta1 * load<f32>(at(mean, i)) + (<f32>1.0 - beta1) * g;
    const v = beta2 * load<f32>(at(variance, i)) + (<f32>1.0 - beta2) * g * g;
    store<f32>(at(mean, i), m);
    store<f32>(at(variance, i), v);
    store<f32>(at(updated, i), load<f32>(at(parameter, i)) * keep - (step * m) / (sqrt<f32>(v) * root + epsilon));
  }
}
