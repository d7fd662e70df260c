// Log-probabilities and entropies of logits.
import { at, dot, exp1, exp4, expInPlace, log1, maximum } from "./simd";

/** Sums over a vocabulary are made in blocks of so many floats, and of blocks in double precision: one long sum of floats loses digits. */
const BLOCK: i32 = 1024;

/** log p of each target under softmax(logits / temperature), its log-sum-exp and its entropy; scratch: vocab floats. */
export function logProbsForward(
  logits: usize, targets: usize, rows: i32, vocab: i32, inverseTemperature: f32, scratch: usize, logProbs: usize, logSumExp: usize,
  entropy: usize,
): void {
  const t4 = f32x4.splat(inverseTemperature);
  for (let row: i32 = 0; row < rows; row++) {
    const line = at(logits, row * vocab);
    let i: i32 = 0;
    for (; i + 4 <= vocab; i += 4) v128.store(at(scratch, i), f32x4.mul(v128.load(at(line, i)), t4));
    for (; i < vocab; i++) store<f32>(at(scratch, i), load<f32>(at(line, i)) * inverseTemperature);
    const top = maximum(scratch, vocab);
    let total: f64 = 0;
    let product: f64 = 0;
    for (let start: i32 = 0; start < vocab; start += BLOCK) {
      const count = min(BLOCK, vocab - start);
      total += <f64>expInPlace(at(scratch, start), count, top);
      product += <f64>dot(at(scratch, start), at(line, start), count);
    }
    const sum = <f32>total;
    const lse = top + log1(sum);
    const expected = (<f32>product / sum) * inverseTemperature;
    store<f32>(at(logProbs, row), load<f32>(at(line, load<i32>(at(targets, row)))) * inverseTemperature - lse);
    store<f32>(at(logSumExp, row), lse);
    store<f32>(at(entropy, row), lse - expected);
  }
}

/** dlogits from the gradients of the log-probabilities and of the entropies. */
export function logProbsBackward(
  logits: usize, targets: usize, logSumExp: usize, entropy: usize, dlogProbs: usize, dentropy: usize, rows: i32, vocab: i32,
  inverseTemperature: f32, dlogits: usize,
): void {
  const t4 = f32x4.splat(inverseTemperature);
  for (let row: i32 = 0; row < rows; row++) {
    const line = at(logits, row * vocab);
    const to = at(dlogits, row * vocab);
    const lse = load<f32>(at(logSumExp, row));
    const h = load<f32>(at(entropy, row));
    const dp = load<f32>(at(dlogProbs, row));
    const dh = load<f32>(at(dentropy, row));
    const lse4 = f32x4.splat(lse);
    const h4 = f32x4.splat(h);
    const dh4 = f32x4.splat(-dh);
    const dp4 = f32x4.splat(-dp);
    let i: i32 = 0;
    for (; i + 4 <= vocab; i += 4) {
      const logp = f32x4.sub(f32x4.mul(v128.load(at(line, i)), t4), lse4);
      const slope = f32x4.add(dp4, f32x4.mul(dh4, f32x4.add(logp, h4)));
      v128.store(at(to, i), f32x4.mul(f32x4.mul(exp4(logp), slope), t4));
    }
    for (; i < vocab; i++) {
      const logp = load<f32>(at(line, i)) * inverseTemperature - lse;
      store<f32>(at(to, i), exp1(logp) * (-dp - dh * (logp + h)) * inverseTemperature);
    }
    const target = at(to, load<i32>(at(targets, row)));
    store<f32>(target, load<f32>(target) + dp * inverseTemperature);
  }
}
