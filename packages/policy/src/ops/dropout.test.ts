import { philox4x32 } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { TEST_BACKENDS } from "../../test/backends.js";
import { useBackend } from "../backend.js";
import { dropout, type DropoutMask } from "./dropout.js";
import { disposeLayout, packRows } from "./packed.js";

const MASK: DropoutMask = { rate: 0.25, key: [0xdeadbeef, 0x80000001], firstRow: 3 };

function dropped(lengths: readonly number[], width: number, mask: DropoutMask): Float32Array {
  const layout = packRows(lengths);
  const x = tf.ones<tf.Rank.R2>([layout.tokens, width]);
  const y = dropout(x, layout, mask);
  const values = y.dataSync().slice() as Float32Array;
  tf.dispose([x, y]);
  disposeLayout(layout);
  return values;
}

describe.each(TEST_BACKENDS)("dropout on %s", (backend) => {
  test("zeroes where the Philox word of row, place and feature is below the rate", async () => {
    await useBackend(backend);
    const values = dropped([2, 3], 7, MASK);
    const places = [
      [3, 0],
      [3, 1],
      [4, 0],
      [4, 1],
      [4, 2],
    ] as const; // row within the step, place in the row
    const expected = places.flatMap(([row, place]) =>
      Array.from({ length: 7 }, (_, i) => {
        const word = philox4x32([Math.floor(i / 4), place, row, 0], MASK.key)[i % 4]!;
        return word / 2 ** 32 < 0.25 ? 0 : Math.fround(4 / 3);
      }),
    );
    expect([...values]).toEqual(expected);
  });

  test("zeroes as many as the rate says, and keeps the mean", async () => {
    await useBackend(backend);
    const values = dropped([200], 100, MASK);
    const share = values.filter((value) => value === 0).length / values.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.012); // four standard deviations of 20,000 draws
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length - 1)).toBeLessThan(0.017);
  });
});
