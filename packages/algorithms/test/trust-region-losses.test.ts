import { RandomStream } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { aggregateLoss, dppoLoss, gspoLoss, sapoLoss, vespoLoss } from "../src/index.js";
import { expectClose } from "./close.js";
import { finiteDifference, gradientOf } from "./finite-difference.js";
import { packedRows, vector } from "./packed.js";

// Losses and slopes written from the papers' formulas in double precision, token by token, beside those of the tensors.
interface Token {
  readonly logProb: number;
  readonly old: number;
  readonly advantage: number;
  readonly mask: number;
  readonly row: number;
}

/** Four sequences with interleaved tokens, far enough from the old policy for every branch, and tokens of tools among them. */
const tokens: readonly Token[] = (() => {
  const random = new RandomStream(20, ["trust-region"]);
  return Array.from({ length: 36 }, (_, i) => {
    const row = i % 4;
    const old = Math.log(0.02 + 0.95 * random.uniform());
    const move = [0.05, 0.3, 1, 2][Math.floor(4 * random.uniform())]! * (2 * random.uniform() - 1);
    return {
      logProb: Math.min(-0.004, old + move),
      old,
      advantage: [1.5, -0.7, 0.4, -1.3][row]!,
      mask: i % 7 === 3 ? 0 : 1,
      row,
    };
  });
})();

const column = (key: keyof Token) => vector(tokens.map((token) => token[key]));
const logProbs = tokens.map(({ logProb }) => logProb);
const rows = () =>
  packedRows(
    tokens.map(({ row }) => row),
    4,
  );
const ownTokens = (row: number) => tokens.filter((token) => token.mask === 1 && token.row === row);

/** Loss and slope of each token; a slope is the derivative of the sum of all losses. */
type Reference = (token: Token) => readonly [value: number, slope: number];

function expectMatches(lossOf: (x: tf.Tensor1D) => { readonly lossPerToken: tf.Tensor1D }, reference: Reference, differences = true): void {
  const expected = tokens.map((token) => (token.mask === 0 ? [0, 0] : reference(token)));
  tf.tidy(() =>
    expectClose(
      lossOf(vector(logProbs)).lossPerToken.dataSync(),
      expected.map(([value]) => value!),
      2e-5,
    ),
  );
  const sum = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(lossOf(x).lossPerToken);
  const gradient = gradientOf(sum, logProbs);
  expectClose(
    gradient,
    expected.map(([, slope]) => slope!),
    2e-5,
  );
  expect(gradient.filter((value) => Math.abs(value) > 1e-3).length).toBeGreaterThan(10);
  if (differences) expectClose(gradient, finiteDifference(sum, logProbs, 4e-3), 5e-3);
}

test("the example has ratios far below and above 1, with both signs of the advantage, and a tool's tokens", () => {
  const moved = (sign: number, isUp: boolean) =>
    tokens.filter(({ logProb, old, advantage, mask }) => mask === 1 && advantage * sign > 0 && logProb - old > 0.15 === isUp).length;
  for (const sign of [1, -1]) for (const isUp of [true, false]) expect(moved(sign, isUp)).toBeGreaterThan(3);
  expect(tokens.filter(({ mask }) => mask === 0).length).toBe(5);
});

describe("sapoLoss, eq. 5 and 6", () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  test("value and gradient, by the paper and by finite differences", () => {
    expectMatches(
      (x) => sapoLoss(x, column("old"), column("advantage"), column("mask"), { tauPositive: 1, tauNegative: 1.6 }),
      ({ logProb, old, advantage }) => {
        const ratio = Math.exp(logProb - old);
        const tau = advantage > 0 ? 1 : 1.6;
        const p = sigmoid(tau * (ratio - 1));
        return [(-4 / tau) * p * advantage, -4 * p * (1 - p) * ratio * advantage];
      },
    );
  });

  test("at ratio 1 the gradient is the policy gradient, for any τ", () => {
    const [old, advantages] = [[-1, -2], [1.5, -0.5]]; // prettier-ignore
    for (const tau of [0.5, 1, 3]) {
      const sum = (x: tf.Tensor1D) =>
        tf.sum<tf.Scalar>(
          sapoLoss(x, vector(old), vector(advantages), tf.onesLike(x), { tauPositive: tau, tauNegative: tau }).lossPerToken,
        );
      expectClose(gradientOf(sum, old), [-1.5, 0.5]);
    }
  });
});

describe("dppoLoss, eq. 12 to 14", () => {
  const divergences = {
    tv: (p: number, q: number) => Math.abs(p - q),
    kl: (p: number, q: number) => p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q)),
  };
  test.each([
    ["tv", 0.15, 0.2],
    ["kl", 0.04, 0.12],
  ] as const)("%s: value and gradient, by the paper and by finite differences", (divergence, deltaLow, deltaHigh) => {
    let out = 0;
    const reference: Reference = ({ logProb, old, advantage }) => {
      const ratio = Math.exp(logProb - old);
      const distance = divergences[divergence](Math.exp(old), Math.exp(logProb));
      const isOut = (advantage > 0 && ratio > 1 && distance > deltaHigh) || (advantage < 0 && ratio < 1 && distance > deltaLow);
      out += Number(isOut);
      return isOut ? [0, 0] : [-ratio * advantage, -ratio * advantage];
    };
    const lossOf = (x: tf.Tensor1D) => dppoLoss(x, column("old"), column("advantage"), column("mask"), { divergence, deltaLow, deltaHigh });
    expectMatches(lossOf, reference);
    expect(out).toBeGreaterThan(2);
    tf.tidy(() => expectClose(lossOf(vector(logProbs)).metrics["policy/clip_frac"].dataSync(), [out / 31]));
  });

  test("the paper's own example: a rare token may grow a hundredfold, a likely one may not fall from 0.99 to 0.8", () => {
    const x = [Math.log(1e-2), Math.log(0.8)];
    const old = [Math.log(1e-4), Math.log(0.99)];
    const options = { divergence: "tv", deltaLow: 0.15, deltaHigh: 0.15 } as const;
    const sum = (values: tf.Tensor1D) =>
      tf.sum<tf.Scalar>(dppoLoss(values, vector(old), vector([1, -1]), tf.onesLike(values), options).lossPerToken);
    const [rare, likely] = gradientOf(sum, x);
    expect(rare).toBeCloseTo(-100, 2);
    expect(Math.abs(likely!)).toBe(0);
  });

  test("a certain policy has a finite divergence", () => {
    tf.tidy(() => {
      const certain = vector([0, 0, -1e-9]);
      const options = { divergence: "kl", deltaLow: 0.05, deltaHigh: 0.05 } as const;
      const { lossPerToken } = dppoLoss(certain, vector([0, -0.1, 0]), vector([1, 1, -1]), tf.onesLike(certain), options);
      expectClose(lossPerToken.dataSync(), [-1, 0, 1]); // the second has gained 0.1 of probability: KL 1.4
    });
  });
});

describe("vespoLoss, eq. 20", () => {
  const kernels = { positive: { power: 2, decay: 3 }, negative: { power: 3, decay: 2 } };
  const lossOf = (x: tf.Tensor1D) => vespoLoss(x, column("old"), column("advantage"), column("mask"), { ...kernels, rows: rows() });
  const phi = (logW: number, advantage: number) => {
    const { power, decay } = advantage > 0 ? kernels.positive : kernels.negative;
    return Math.exp(logW) ** power * Math.exp(decay * (1 - Math.exp(logW)));
  };

  test("value and gradient, by the paper", () => {
    const reference: Reference = ({ logProb, advantage, row }) => {
      const logW = ownTokens(row).reduce((sum, token) => sum + token.logProb - token.old, 0);
      const slope = -phi(logW, advantage) * advantage;
      return [slope * logProb, slope];
    };
    const expected = tokens.map((token) => (token.mask === 0 ? [0, 0] : reference(token)));
    tf.tidy(() => expectClose(lossOf(vector(logProbs)).lossPerToken.dataSync(), expected.map(([value]) => value!), 1e-4)); // prettier-ignore
    const gradient = gradientOf((x) => tf.sum<tf.Scalar>(lossOf(x).lossPerToken), logProbs);
    expectClose(gradient, expected.map(([, slope]) => slope!), 1e-4); // prettier-ignore
    expect(gradient.filter((value) => Math.abs(value) > 1e-2).length).toBeGreaterThan(5);
  });

  test("the gradient is that of the loss with its weights held fixed, by finite differences", () => {
    const weights = tokens.map(({ advantage, row }) => {
      const logW = ownTokens(row).reduce((sum, token) => sum + token.logProb - token.old, 0);
      return phi(logW, advantage) * advantage;
    });
    const frozen = (x: tf.Tensor1D) => tf.neg<tf.Scalar>(tf.sum(tf.mul(tf.mul(vector(weights), column("mask")), x)));
    const gradient = gradientOf((x) => tf.sum<tf.Scalar>(lossOf(x).lossPerToken), logProbs);
    expectClose(gradient, finiteDifference(frozen, logProbs), 5e-3);
  });

  test.each([
    ["at the sampler's own weights the kernel is 1", 0, 1],
    ["a policy that has moved towards the sequence: e⁴ exp(3 (1 − e²)) with W = e²", 2, Math.exp(4 + 3 * (1 - Math.exp(2)))],
    ["one that has left it: e⁻² exp(3 (1 − e⁻¹)) with W = e⁻¹", -1, Math.exp(-2 + 3 * (1 - Math.exp(-1)))],
    ["impossible in the sampler", 200, 0],
    ["impossible in the policy", -200, 0],
  ])("%s", (_, logW, weight) => {
    const old = [-1, -1.5];
    const sum = (x: tf.Tensor1D) => {
      const from = vector(old.map((value) => value - logW / 2));
      return tf.sum<tf.Scalar>(vespoLoss(x, from, vector([1, 1]), tf.onesLike(x), { ...kernels, rows: packedRows([0, 0]) }).lossPerToken);
    };
    expectClose(gradientOf(sum, old), [-weight, -weight], 1e-5);
  });
});

describe("LUSPO, eq. 7 and 8: GSPO's loss under sums over sequences", () => {
  const clip = { clipLow: 0.2, clipHigh: 0.25 };
  test("value and gradient are the mean over sequences of min(sA, clip(s)A) times their lengths", () => {
    const normalizer = 4;
    const lossOf = (x: tf.Tensor1D) =>
      aggregateLoss(
        gspoLoss(x, column("old"), column("advantage"), column("mask"), { ...clip, rows: rows() }).lossPerToken,
        column("mask"),
        { mode: "seq-mean-token-sum", normalizer },
      );
    const sequences = [0, 1, 2, 3].map((row) => {
      const own = ownTokens(row);
      const { advantage } = own[0]!;
      const s = Math.exp(own.reduce((sum, { logProb, old }) => sum + logProb - old, 0) / own.length);
      const [plain, clipped] = [s * advantage, Math.min(1.25, Math.max(0.8, s)) * advantage];
      return { value: -Math.min(plain, clipped) * own.length, slope: clipped < plain ? 0 : -plain, length: own.length };
    });
    tf.tidy(() => expectClose(lossOf(vector(logProbs)).dataSync(), [sequences.reduce((sum, { value }) => sum + value, 0) / normalizer]));
    const slopes = tokens.map(({ row, mask }) => (mask === 0 ? 0 : sequences[row]!.slope / normalizer));
    expectClose(gradientOf(lossOf, logProbs), slopes);
    expect(slopes.some((slope) => slope !== 0)).toBe(true);
    expect(new Set(sequences.map(({ length }) => length)).size).toBeGreaterThan(1);
  });
});

test("a packed batch, and the same padded with nonsense, give the same losses", () => {
  const kernels = { positive: { power: 2, decay: 3 }, negative: { power: 3, decay: 2 } };
  tf.tidy(() => {
    const values = [[-1, -1.2, NaN], [-0.5, -0.8, -2]]; // prettier-ignore
    const old = [[-1.3, -1, Infinity], [-0.6, -1.4, -1.5]]; // prettier-ignore
    const advantages = [[1, 1, NaN], [-1, -1, -1]]; // prettier-ignore
    const [x, from, a, mask] = [values, old, advantages, [[1, 1, 0], [1, 1, 1]]].map((each) => tf.tensor2d(each)) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D]; // prettier-ignore
    const flat = (each: number[][]) => vector(each.flat().filter((_, i) => i !== 2));
    const packed = [flat(values), flat(old), flat(advantages), vector([1, 1, 1, 1, 1])] as const;
    const same = (padded: tf.Tensor2D, alone: tf.Tensor1D) => expectClose([...padded.dataSync()].toSpliced(2, 1), [...alone.dataSync()]);
    const sapo = { tauPositive: 1, tauNegative: 1.05 };
    same(sapoLoss(x, from, a, mask, sapo).lossPerToken, sapoLoss(...packed, sapo).lossPerToken);
    const dppo = { divergence: "kl", deltaLow: 0.05, deltaHigh: 0.05 } as const;
    same(dppoLoss(x, from, a, mask, dppo).lossPerToken, dppoLoss(...packed, dppo).lossPerToken);
    const vespo = { ...kernels, rows: packedRows([0, 0, 1, 1, 1]) };
    same(vespoLoss(x, from, a, mask, kernels).lossPerToken, vespoLoss(...packed, vespo).lossPerToken);
  });
});
