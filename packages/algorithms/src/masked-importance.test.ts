import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { packedRows, vector } from "../test/packed.js";
import { geometricSequenceMask, maskedImportanceWeights } from "./masked-importance.js";

// Three sequences, tokens interleaved; the fourth token came from a tool. log π_train − log π_sampler a token:
const logRatios = [0.1, -0.9, 0.3, 5, 0.2, 0.8, -0.3];
const rowOfToken = [0, 1, 0, 0, 2, 1, 2];
const mask = [1, 1, 1, 0, 1, 1, 1];
const sampler = [-1, -1.5, -2, -9, -0.5, -1, -3];
const trainer = sampler.map((value, i) => value + logRatios[i]!);

/** ρ where it is within the bounds, in double precision from the definition. */
function weights(over: "token" | "product" | "geometric", floor: number, cap: number): number[] {
  return logRatios.map((own, i) => {
    if (mask[i] === 0) return 0;
    const whole = logRatios.filter((_, k) => mask[k] === 1 && rowOfToken[k] === rowOfToken[i]);
    const sum = whole.reduce((total, value) => total + value, 0);
    const ratio = Math.exp(over === "token" ? own : over === "product" ? sum : sum / whole.length);
    return ratio < floor || ratio > cap ? 0 : ratio;
  });
}

test.each([
  ["token", 0.5, 2, 2], // e^−0.9 is below 0.5, e^0.8 above 2
  ["token", 0.5, 3, 1],
  ["product", 0.9, 1.2, 2], // e^0.4 is out; e^−0.1 and e^−0.1 stay
  ["geometric", 0.9, 1.2, 2], // e^0.2 is above 1.2
  ["geometric", 0.96, 1.3, 4], // e^−0.05 is below 0.96, twice
] as const)("%s weights from %d to %d leave %d tokens out", (over, floor, cap, out) => {
  tf.tidy(() => {
    const rows = packedRows(rowOfToken);
    const found = [...maskedImportanceWeights(vector(trainer), vector(sampler), vector(mask), { over, floor, cap, rows }).dataSync()];
    expectClose(found, weights(over, floor, cap), 1e-5);
    expect(found.filter((weight, i) => mask[i] === 1 && weight === 0)).toHaveLength(out);
  });
});

test("the geometric mask keeps sequences whose mean ratio is near 1, however long they are", () => {
  tf.tidy(() => {
    const kept = (low: number, high: number) => [
      ...geometricSequenceMask(vector(trainer), vector(sampler), vector(mask), { low, high, rows: packedRows(rowOfToken) }).dataSync(),
    ];
    expect(kept(0.9, 1.2)).toEqual([0, 1, 0, 0, 1, 1, 1]);
    expect(kept(0.96, 1.3)).toEqual([1, 0, 1, 0, 0, 0, 0]);
    expect(kept(0.9, 1.3)).toEqual(mask);
    const long = Array.from({ length: 400 }, () => 0.001); // the product is e^0.4
    const zeros = vector(long.map(() => 0));
    const whole = { low: 0.99, high: 1.01, rows: packedRows(long.map(() => 0)) };
    expect(
      geometricSequenceMask(vector(long), zeros, tf.onesLike(zeros), whole)
        .dataSync()
        .every((value) => value === 1),
    ).toBe(true);
  });
});

test("padded rows need no places, tokens need no rows, and a packed batch of sequences says what it lacks", () => {
  tf.tidy(() => {
    const [x, y] = [tf.tensor2d([[0.1, NaN], [0.5, 0.1]]), tf.tensor2d([[0, 0], [0, 0]])]; // prettier-ignore
    const ones = tf.tensor2d([[1, 0], [1, 1]]); // prettier-ignore
    const options = { over: "geometric", floor: 0.9, cap: 1.2 } as const;
    expectClose(maskedImportanceWeights(x, y, ones, options).dataSync(), [Math.exp(0.1), 0, 0, 0]);
    expectClose(maskedImportanceWeights(vector([0.1, 0.5]), vector([0, 0]), vector([1, 1]), { over: "token", floor: 0.9, cap: 1.2 }).dataSync(), [Math.exp(0.1), 0]); // prettier-ignore
    expect(() => geometricSequenceMask(vector([0]), vector([0]), vector([1]), { low: 0.9, high: 1.1 })).toThrow(/rows: needed/);
  });
});
