import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { finiteDifference, gradientOf } from "../test/finite-difference.js";
import { aggregateLoss } from "./aggregate.js";
import { clippedSurrogateLoss, type ClippedSurrogateOptions } from "./losses.js";
import { stopGradient } from "./stop-gradient.js";

const options: ClippedSurrogateOptions = { clipLow: 0.2, clipHigh: 0.28, dualClip: 3 };

interface Tokens {
  readonly logProbs: readonly number[];
  readonly oldLogProbs: readonly number[];
  readonly advantages: readonly number[];
  readonly lossMask: readonly number[];
}

/** Loss per token, metrics and the gradient of the summed loss, as plain numbers. */
function evaluate({ logProbs, oldLogProbs, advantages, lossMask }: Tokens, overrides: Partial<ClippedSurrogateOptions> = {}) {
  const surrogate = (x: tf.Tensor1D) =>
    clippedSurrogateLoss(x, tf.tensor1d([...oldLogProbs]), tf.tensor1d([...advantages]), tf.tensor1d([...lossMask]), {
      ...options,
      ...overrides,
    });
  return tf.tidy(() => {
    const { lossPerToken, metrics } = surrogate(tf.tensor1d([...logProbs]));
    return {
      loss: [...lossPerToken.dataSync()],
      metrics: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value.dataSync()[0]!])),
      gradient: gradientOf((x) => tf.sum<tf.Scalar>(surrogate(x).lossPerToken), logProbs),
    };
  });
}

describe("clippedSurrogateLoss", () => {
  test("worked by hand", () => {
    const ln = Math.log;
    const { loss, metrics, gradient } = evaluate({
      //          inside  above, A>0  below, A>0  above, A<0  below, A<0  dual clip, masked
      logProbs: [ln(1.1), ln(1.5), ln(0.5), ln(1.5), ln(0.5), ln(4), ln(9)],
      oldLogProbs: [0, 0, 0, 0, 0, 0, 0],
      advantages: [2, 2, 2, -2, -2, -2, 2],
      lossMask: [1, 1, 1, 1, 1, 1, 0],
    });
    // −2·1.1; −2·1.28 (clipped); −2·0.5; 2·1.5; 2·0.8 (clipped); min(2·4, 2·3) (dual clip); masked
    expectClose(loss, [-2.2, -2.56, -1, 3, 1.6, 6, 0]);
    // The gradient is −A r where nothing is clipped and 0 elsewhere.
    expectClose(gradient, [-2.2, 0, -1, 3, 0, 0, 0]);
    expectClose([metrics["policy/clip_frac"]!, metrics["policy/clip_frac_lower"]!], [2 / 6, 1 / 6]);
    // mean of log π_old − log π = −ln(1.1 · 1.5 · 0.5 · 1.5 · 0.5 · 4) / 6
    expectClose([metrics["policy/approx_kl"]!], [-ln(1.1 * 1.5 * 0.5 * 1.5 * 0.5 * 4) / 6]);
  });

  test("without a dual clip the loss of a token with negative advantage is not bounded", () => {
    const tokens = { logProbs: [Math.log(4)], oldLogProbs: [0], advantages: [-2], lossMask: [1] };
    const unbounded = tf.tidy(() => {
      const [logProbs, zero, advantages, mask] = [tokens.logProbs, tokens.oldLogProbs, tokens.advantages, tokens.lossMask].map((x) =>
        tf.tensor1d(x),
      );
      const { lossPerToken, metrics } = clippedSurrogateLoss(logProbs!, zero!, advantages!, mask!, { clipLow: 0.2, clipHigh: 0.2 });
      return [lossPerToken.dataSync()[0]!, metrics["policy/clip_frac_lower"].dataSync()[0]!];
    });
    expectClose(unbounded, [8, 0]);
    expect(() => evaluate(tokens, { dualClip: 1 })).toThrow("dualClip: expected a number above 1, got 1");
  });

  test("the log-ratio is clamped to ±20", () => {
    const { loss, gradient } = evaluate(
      { logProbs: [60, -60], oldLogProbs: [0, 0], advantages: [-1, -1], lossMask: [1, 1] },
      { dualClip: 1e12 },
    );
    expectClose(loss, [Math.exp(20), 0.8]);
    expect(gradient).toEqual([0, 0]);
  });

  test("the gradient agrees with finite differences", () => {
    const tokens = {
      logProbs: [-0.9, -1.4, -0.3, -2, -1.05],
      oldLogProbs: [-1, -1, -1, -1, -1],
      advantages: [1.5, -0.7, 1, -1, -2],
      lossMask: [1, 1, 1, 0, 1],
    };
    const loss = (x: tf.Tensor1D) => {
      const [old, advantages, mask] = [tokens.oldLogProbs, tokens.advantages, tokens.lossMask].map((values) => tf.tensor1d(values));
      return aggregateLoss(clippedSurrogateLoss(x, old!, advantages!, mask!, options).lossPerToken, mask!, { mode: "token-mean" });
    };
    expectClose(gradientOf(loss, tokens.logProbs), finiteDifference(loss, tokens.logProbs), 2e-4);
  });

  test("a padded [batch, seqLen] and its packed [tokens] agree", () => {
    tf.tidy(() => {
      const padded = clippedSurrogateLoss(
        tf.tensor2d([
          [-1, -2],
          [-0.5, 99],
        ]),
        tf.tensor2d([
          [-1.3, -1.9],
          [-0.6, 0],
        ]),
        tf.tensor2d([
          [1, 1],
          [-1, 0],
        ]),
        tf.tensor2d([
          [1, 1],
          [1, 0],
        ]),
        options,
      );
      const packed = clippedSurrogateLoss(
        tf.tensor1d([-1, -2, -0.5]),
        tf.tensor1d([-1.3, -1.9, -0.6]),
        tf.tensor1d([1, 1, -1]),
        tf.ones([3]),
        options,
      );
      const [a, b, c, pad] = padded.lossPerToken.dataSync();
      expect([a, b, c]).toEqual([...packed.lossPerToken.dataSync()]);
      expect(pad).toBeCloseTo(0, 10);
      expect(padded.metrics["policy/approx_kl"].dataSync()).toEqual(packed.metrics["policy/approx_kl"].dataSync());
    });
  });

  test("at ratio 1 the gradient is that of the policy gradient, −A", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: -20, max: 0, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true })), {
          minLength: 1,
          maxLength: 8,
        }),
        (pairs) => {
          const logProbs = pairs.map(([logProb]) => logProb);
          const advantages = pairs.map(([, advantage]) => advantage);
          const { gradient } = evaluate({ logProbs, oldLogProbs: logProbs, advantages, lossMask: logProbs.map(() => 1) });
          expectClose(
            gradient,
            advantages.map((advantage) => -advantage),
          );
        },
      ),
    );
  });

  test("old log-probs may be the detached current ones", () => {
    const gradient = gradientOf(
      (x) => tf.sum<tf.Scalar>(clippedSurrogateLoss(x, stopGradient(x), tf.tensor1d([2, -3]), tf.tensor1d([1, 1]), options).lossPerToken),
      [-0.1, -4],
    );
    expectClose(gradient, [-2, 3]);
    // Without stopGradient around them, too: no gradient flows through the second argument.
    const same = gradientOf(
      (x) => tf.sum<tf.Scalar>(clippedSurrogateLoss(x, x, tf.tensor1d([2, -3]), tf.tensor1d([1, 1]), options).lossPerToken),
      [-0.1, -4],
    );
    expectClose(same, [-2, 3]);
  });

  test("masked tokens neither poison the loss nor carry gradient", () => {
    const poison = fc.constantFrom(NaN, Infinity, -Infinity, 0, 1e30, -1e30);
    fc.assert(
      fc.property(poison, poison, poison, (logProb, oldLogProb, advantage) => {
        const { loss, metrics, gradient } = evaluate({
          logProbs: [-1, logProb, -2],
          oldLogProbs: [-1.1, oldLogProb, -1.9],
          advantages: [1, advantage, -1],
          lossMask: [1, 0, 1],
        });
        const alone = evaluate({ logProbs: [-1, -2], oldLogProbs: [-1.1, -1.9], advantages: [1, -1], lossMask: [1, 1] });
        expect([loss[0], loss[2]]).toEqual(alone.loss);
        expect(Math.abs(loss[1]!)).toBe(0);
        expect(Math.abs(gradient[1]!)).toBe(0);
        expect([gradient[0], gradient[2]]).toEqual(alone.gradient);
        expect(metrics).toEqual(alone.metrics);
      }),
    );
  });

  test("metrics of micro-batches that share a normalizer add up to those of the step", () => {
    const whole = evaluate({
      logProbs: [-1, -2, -0.1, -3],
      oldLogProbs: [-2, -1, -1, -1],
      advantages: [1, -1, -1, 1],
      lossMask: [1, 1, 1, 1],
    });
    const first = evaluate({ logProbs: [-1], oldLogProbs: [-2], advantages: [1], lossMask: [1] }, { normalizer: 4 });
    const second = evaluate(
      { logProbs: [-2, -0.1, -3], oldLogProbs: [-1, -1, -1], advantages: [-1, -1, 1], lossMask: [1, 1, 1] },
      { normalizer: 4 },
    );
    for (const [name, value] of Object.entries(whole.metrics)) expectClose([first.metrics[name]! + second.metrics[name]!], [value]);
  });

  test("shapes must agree", () => {
    tf.tidy(() => {
      const [two, three] = [tf.zeros<tf.Rank.R1>([2]), tf.zeros<tf.Rank.R1>([3])];
      expect(() => clippedSurrogateLoss(two, three, two, two, options)).toThrow("oldLogProbs: expected [tokens=2], got [3]");
      expect(() => clippedSurrogateLoss(tf.scalar(1) as tf.Tensor as tf.Tensor1D, two, two, two, options)).toThrow(
        "logProbs: expected [batch, seqLen], got []",
      );
    });
  });
});
