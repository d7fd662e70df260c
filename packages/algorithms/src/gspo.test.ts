import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { finiteDifference, gradientOf } from "../test/finite-difference.js";
import { packedRows, vector } from "../test/packed.js";
import { aggregateLoss } from "./aggregate.js";
import { gspoLoss } from "./gspo.js";

const clip = { clipLow: 0.2, clipHigh: 0.25 };

interface Packed {
  readonly old: readonly number[];
  readonly advantages: readonly number[];
  readonly mask: readonly number[];
  readonly rows: readonly number[];
}

const lossOf = ({ old, advantages, mask, rows }: Packed, x: tf.Tensor1D, normalizer?: number) =>
  gspoLoss(x, vector(old), vector(advantages), vector(mask), {
    ...clip,
    rows: packedRows(rows),
    ...(normalizer === undefined ? {} : { normalizer }),
  });

// Three sequences, their tokens interleaved; token 3 came from a tool. Mean log-ratios: (0.2 + 0) / 2 = 0.1; 0.4; −0.6.
const batch: Packed = {
  old: [-1.2, -1.4, -1, 0, -2.4],
  advantages: [2, -1, 2, 5, 1],
  mask: [1, 1, 1, 0, 1],
  rows: [0, 1, 0, 0, 2],
};
const logProbs = [-1, -1, -1, 0.3, -3];

describe("gspoLoss", () => {
  test("worked by hand, packed", () => {
    tf.tidy(() => {
      const { lossPerToken, metrics } = lossOf(batch, vector(logProbs));
      // row 0: s = e^0.1, inside: −2 e^0.1 at both tokens; row 1: s = e^0.4, A < 0, not clipped: e^0.4;
      // row 2: s = e^−0.6 = 0.549 < 0.8, A > 0: max(−0.549, −0.8) = −e^−0.6
      const s = Math.exp(0.1);
      expectClose(lossPerToken.dataSync(), [-2 * s, Math.exp(0.4), -2 * s, 0, -Math.exp(-0.6)]);
      expectClose(metrics["policy/clip_frac"].dataSync(), [0]);
      expectClose(metrics["policy/approx_kl"].dataSync(), [-(0.2 + 0.4 + 0 - 0.6) / 4]);
    });
  });

  test("a whole sequence is clipped at once", () => {
    // s = exp((0.6 + 0.2) / 2) = e^0.4 > 1.25 with A > 0: both tokens are clipped, though one of them has ratio e^0.2 < 1.25
    const clipped = { old: [-1.6, -1.2], advantages: [2, 2], mask: [1, 1], rows: [0, 0] };
    tf.tidy(() => {
      const { lossPerToken, metrics } = lossOf(clipped, vector([-1, -1]));
      expectClose(lossPerToken.dataSync(), [-2.5, -2.5]);
      expectClose(metrics["policy/clip_frac"].dataSync(), [1]);
    });
    expect(gradientOf((x) => tf.sum(lossOf(clipped, x).lossPerToken), [-1, -1]).map(Math.abs)).toEqual([0, 0]);
  });

  test("the gradient is −s A at each token, agrees with finite differences, and is exactly 0 at masked tokens", () => {
    const sum = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(lossOf(batch, x).lossPerToken);
    const gradient = gradientOf(sum, logProbs);
    const s = Math.exp(0.1);
    expectClose(gradient, [-2 * s, Math.exp(0.4), -2 * s, 0, -Math.exp(-0.6)]);
    expectClose(gradient, finiteDifference(sum, logProbs), 1e-3);
    expect(Math.abs(gradient[3]!)).toBe(0);
  });

  test("a token that the policy holds impossible leaves the other sequences as they were, in value and gradient", () => {
    const impossible = [-1, -Infinity, -1, 0.3, -3]; // sequence 1
    const sum = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(lossOf(batch, x).lossPerToken);
    const gradient = gradientOf(sum, impossible);
    gradientOf(sum, logProbs).forEach((expected, token) => expect(gradient[token]! + 0).toBe(token === 1 ? 0 : expected + 0));
    tf.tidy(() => {
      const expected = [...lossOf(batch, vector(logProbs)).lossPerToken.dataSync()];
      // sequence 1 has s = 0 and A = −1: max(0, 0.8)
      expected[1] = Math.fround(0.8);
      expectClose(lossOf(batch, vector(impossible)).lossPerToken.dataSync(), expected);
    });
  });

  test("a sequence ratio of a mistake ends at e^10, and teaches nothing beyond", () => {
    const mistake: Packed = { old: [-13], advantages: [-1], mask: [1], rows: [0] };
    tf.tidy(() => expectClose(lossOf(mistake, vector([-1])).lossPerToken.dataSync(), [Math.exp(10)], 1e-5));
    expect(gradientOf((x) => tf.sum<tf.Scalar>(lossOf(mistake, x).lossPerToken), [-1]).map(Math.abs)).toEqual([0]);
  });

  test("masked tokens may hold anything", () => {
    const poisoned = { ...batch, old: [-1.2, -1.4, -1, NaN, -2.4], advantages: [2, -1, 2, Infinity, 1] };
    const sum = (packed: Packed) => (x: tf.Tensor1D) => tf.sum<tf.Scalar>(lossOf(packed, x).lossPerToken);
    expect(gradientOf(sum(poisoned), [-1, -1, -1, NaN, -3]).map((x) => x + 0)).toEqual(gradientOf(sum(batch), logProbs).map((x) => x + 0));
  });

  test("a padded [batch, seqLen] and its packed [tokens] agree, and spare rows do no harm", () => {
    tf.tidy(() => {
      const padded = gspoLoss(
        tf.tensor2d([-1, -2, -0.5, 99], [2, 2]),
        tf.tensor2d([-1.3, -1.9, -0.6, 0], [2, 2]),
        tf.tensor2d([1, 1, -1, 0], [2, 2]),
        tf.tensor2d([1, 1, 1, 0], [2, 2]),
        clip,
      );
      const packed = gspoLoss(vector([-1, -2, -0.5]), vector([-1.3, -1.9, -0.6]), vector([1, 1, -1]), vector([1, 1, 1]), {
        ...clip,
        rows: packedRows([0, 0, 1], 5),
      });
      expectClose([...padded.lossPerToken.dataSync()].slice(0, 3), packed.lossPerToken.dataSync());
      expectClose(padded.metrics["policy/approx_kl"].dataSync(), packed.metrics["policy/approx_kl"].dataSync());
    });
  });

  test("micro-batches that share normalizers add up to the step: loss, gradient and metrics", () => {
    const step = (packed: Packed, tokensPerSequence: readonly number[]) => (x: tf.Tensor1D) =>
      aggregateLoss(lossOf(packed, x).lossPerToken, vector(packed.mask), {
        mode: "seq-mean-token-mean",
        normalizer: 2,
        tokensPerSequence: vector(tokensPerSequence),
      });
    const whole: Packed = { old: [-1.1, -1, -1.3], advantages: [1, 1, -1], mask: [1, 1, 1], rows: [0, 0, 1] };
    const first: Packed = { old: [-1.1, -1], advantages: [1, 1], mask: [1, 1], rows: [0, 0] };
    const second: Packed = { old: [-1.3], advantages: [-1], mask: [1], rows: [0] };
    expectClose(gradientOf(step(whole, [2, 2, 1]), [-1, -1.2, -1.2]), [
      ...gradientOf(step(first, [2, 2]), [-1, -1.2]),
      ...gradientOf(step(second, [1]), [-1.2]),
    ]);
    tf.tidy(() => {
      const parts = [lossOf(first, vector([-1, -1.2]), 3), lossOf(second, vector([-1.2]), 3)];
      const all = lossOf(whole, vector([-1, -1.2, -1.2]), 3);
      for (const name of ["policy/clip_frac", "policy/approx_kl"] as const) {
        expectClose([parts[0]!.metrics[name].dataSync()[0]! + parts[1]!.metrics[name].dataSync()[0]!], all.metrics[name].dataSync());
      }
    });
  });

  test("a packed batch must say where its sequences are", () => {
    tf.tidy(() => {
      const x = vector([-1, -2]);
      expect(() => gspoLoss(x, x, x, x, clip)).toThrow("rows: needed, because a packed [tokens] batch does not show its sequences");
      expect(() => gspoLoss(x, x, x, x, { ...clip, rows: packedRows([0]) })).toThrow("rows.rowOfToken: expected [2], got [1]");
      expect(() => gspoLoss(x, x, x, x, { ...clip, rows: packedRows([0, 0], 0) })).toThrow("rows.rowCount: expected a whole number");
    });
  });
});
