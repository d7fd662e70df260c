import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { tinyRows } from "../test/tiny.js";
import { useBackend } from "./backend.js";
import { rowValues } from "./row-values.js";

beforeAll(() => useBackend("cpu").then(() => undefined));

test("scores stand where their tokens do, over several micro-batches", async () => {
  const rows = tinyRows([6, 1, 4]);
  const ids = await rowValues(rows, 6, ({ targets }) => tf.cast<tf.Tensor1D>(targets, "float32"));
  expect(ids.map((row) => row.length)).toEqual([6, 1, 4]);
  rows.forEach(({ tokenIds, lossMask }, row) => {
    for (let t = 0; t < tokenIds.length; t++) expect(ids[row]![t]).toBe(t > 0 && lossMask[t] ? tokenIds[t] : 0);
  });
});

test("a score that fails leaves no tensors", async () => {
  const fail = () => {
    throw new Error("no memory");
  };
  await expect(rowValues(tinyRows([3]), 10, fail)).rejects.toThrow("no memory");
});
