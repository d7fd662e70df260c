import { tokenLoss } from "@retool-ts/algorithms";
import { RandomStream } from "@retool-ts/core";
import { AGGREGATIONS, KL_ESTIMATORS, POLICY_LOSSES, type LossSpec, type PolicyLoss, type TrainingRow } from "@retool-ts/engine";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { beforeAll, expect, test } from "vitest";
import { LossSum, rowSlopes } from "./loss-slopes.js";

/** A loss over rows. */
function lossSlopes(spec: LossSpec, rows: readonly TrainingRow[], logProbs: readonly ArrayLike<number>[]) {
  const parts = rows.map((row, i) => rowSlopes(spec, row, logProbs[i]!));
  const sum = new LossSum();
  for (const part of parts) sum.add(part);
  return { loss: sum.loss, metrics: sum.metrics, targets: sum.targets, slopes: parts.map(({ slopes }) => slopes) };
}

beforeAll(async () => void (await tf.setBackend("cpu")));

const COUNTS = { tokens: 20, rollouts: 5, trainedTokens: 9, trainedRows: 3, maxResponseTokens: 16 };
const BASE: PolicyLoss = {
  name: "ppo-clip",
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 3,
  aggregation: "token-mean",
  entropyCoef: 0,
  importance: null,
  offPolicyThreshold: null,
  kl: null,
  counts: COUNTS,
};

/** Three rows with masks, and log-probabilities that have moved away from the old ones by up to 1. */
function example(): { rows: TrainingRow[]; logProbs: Float32Array[] } {
  const random = new RandomStream(7, ["loss"]);
  const masks = [
    [0, 1, 1, 1, 0],
    [0, 0, 1, 1, 0, 1, 1],
    [0, 1, 1],
  ];
  const made = masks.map((lossMask) => {
    const column = (low: number, high: number) => Float32Array.from(lossMask, () => low + (high - low) * random.uniform());
    const oldLogProbs = column(-3, -0.1);
    const moved = (by: number) => Float32Array.from(oldLogProbs, (value) => value + by * (2 * random.uniform() - 1));
    const fields = {
      oldLogProbs,
      samplerLogProbs: moved(0.5),
      refLogProbs: moved(0.7),
      advantages: column(-1.5, 1.5),
      tokensInRow: new Float32Array(lossMask.length).fill(lossMask.filter(Boolean).length),
    };
    return { row: { tokenIds: lossMask.map((_, i) => i), lossMask, fields }, logProbs: moved(1) };
  });
  return { rows: made.map(({ row }) => row), logProbs: made.map(({ logProbs }) => logProbs) };
}

/** The same by `@retool-ts/algorithms`, which computes in tensors and differentiates by itself. */
function reference(spec: LossSpec, rows: readonly TrainingRow[], logProbs: readonly Float32Array[]) {
  const places = rows.flatMap(({ lossMask }, row) =>
    Array.from(lossMask).flatMap((mask, token) => (mask && token > 0 ? [{ row, token }] : [])),
  );
  const column = (valueOf: (row: number, token: number) => number) => tf.tensor1d(places.map(({ row, token }) => valueOf(row, token)));
  const fields = Object.fromEntries(
    Object.keys(rows[0]!.fields!).map((name) => [name, column((row, token) => rows[row]!.fields![name]![token]!)]),
  );
  const rowOfTarget = tf.tensor1d(
    places.map(({ row }) => row),
    "int32",
  );
  const x = column((row, token) => logProbs[row]![token]!);
  const lossOf = tokenLoss(spec);
  const partsOf = (values: tf.Tensor1D) => lossOf({ logProbs: values, entropies: tf.zerosLike(values), fields, rowOfTarget });
  const { value, grad } = tf.valueAndGrad((values) => partsOf(values as tf.Tensor1D).loss)(x);
  const metrics = Object.fromEntries(Object.entries(partsOf(x).metrics ?? {}).map(([name, scalar]) => [name, scalar.dataSync()[0]!]));
  return { loss: value.dataSync()[0]!, slopes: Array.from(grad.dataSync()), metrics };
}

const SPECS: readonly (readonly [string, LossSpec])[] = [
  ["cross-entropy", { name: "cross-entropy", normalizer: 11 }],
  ...POLICY_LOSSES.map((name) => [name, { ...BASE, name }] as const),
  ["ppo without dual clip", { ...BASE, dualClip: null }],
  ["ppo with a narrow dual clip", { ...BASE, dualClip: 1.05 }],
  ...AGGREGATIONS.map((aggregation) => [aggregation, { ...BASE, aggregation }] as const),
  ...KL_ESTIMATORS.map((estimator) => [`KL ${estimator}`, { ...BASE, kl: { coef: 0.3, estimator } }] as const),
  ["token weights", { ...BASE, importance: { level: "token", cap: 1.1, average: "product" } }],
  ["sequence weights", { ...BASE, importance: { level: "sequence", cap: 1.3, average: "product" } }],
  ["geometric weights", { ...BASE, name: "gspo", importance: { level: "sequence", cap: 1.3, average: "geometric" } }],
  ["masked token weights", { ...BASE, importance: { level: "token", cap: 1.2, average: "product", outside: "drop", floor: 0.8 } }],
  ["masked sequence weights", { ...BASE, importance: { level: "sequence", cap: 1.3, average: "geometric", outside: "drop", floor: 0.8 } }],
  ["geometric mask", { ...BASE, geometricMask: { low: 0.8, high: 1.05 } }],
  ["off-policy mask", { ...BASE, offPolicyThreshold: -0.1 }],
  ["off-policy mask of all rows with negative advantages", { ...BASE, offPolicyThreshold: -9 }],
];

test.each(SPECS)("%s: loss, metrics and slopes are those of the tensors", (_, spec) => {
  const { rows, logProbs } = example();
  const found = lossSlopes(spec, rows, logProbs);
  const expected = reference(spec, rows, logProbs);
  expect(found.targets).toBe(9);
  expect(found.loss).toBeCloseTo(expected.loss, 5);
  const slopes = found.slopes.flatMap((row, i) => Array.from(row).filter((__, t) => t > 0 && rows[i]!.lossMask[t]));
  slopes.forEach((slope, i) => expect(slope).toBeCloseTo(expected.slopes[i]!, 5));
  expect(Math.max(...slopes.map(Math.abs))).toBeGreaterThan(1e-3);
  const { "policy/entropy": ___, ...metrics } = expected.metrics;
  expect(Object.keys(found.metrics).toSorted()).toEqual(Object.keys(metrics).toSorted());
  for (const [name, value] of Object.entries(metrics)) expect(found.metrics[name], name).toBeCloseTo(value, 5);
});

test.each(SPECS.filter(([, { name }]) => !["gspo", "luspo", "cispo", "vespo"].includes(name)))(
  "%s: slopes are finite differences of the loss",
  (_, spec) => {
    const { rows, logProbs } = example();
    const exact = logProbs.map((row) => Float64Array.from(row));
    const { slopes } = lossSlopes(spec, rows, exact);
    const h = 1e-6;
    rows.forEach(({ lossMask }, row) => {
      for (let t = 1; t < lossMask.length; t++) {
        const at = (step: number) =>
          lossSlopes(
            spec,
            rows,
            exact.map((values, i) => values.map((value, k) => (i === row && k === t ? value + step : value))),
          ).loss;
        const isImportanceFree = spec.name === "cross-entropy" || spec.offPolicyThreshold === null;
        if (isImportanceFree) expect(slopes[row]![t]).toBeCloseTo((at(h) - at(-h)) / (2 * h), 6);
      }
    });
  },
);

test("an entropy bonus is refused by name", () => {
  const { rows, logProbs } = example();
  expect(() => lossSlopes({ ...BASE, entropyCoef: 0.01 }, rows, logProbs)).toThrow(/entropyCoef 0.01/);
});

test("a row without a field that the loss needs is refused", () => {
  const { rows, logProbs } = example();
  const bare = rows.map(({ tokenIds, lossMask }) => ({ tokenIds, lossMask }));
  expect(() => lossSlopes(BASE, bare, logProbs)).toThrow(/field advantages/);
});

test("the masks of the examples drop some sequences and keep others", () => {
  const { rows, logProbs } = example();
  const shares = SPECS.flatMap(([, spec]) => lossSlopes(spec, rows, logProbs).metrics["importance/masked_share"] ?? []);
  expect(shares).toHaveLength(1);
  for (const share of shares) expect([share > 0, share < 1]).toEqual([true, true]);
});
