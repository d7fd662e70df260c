import { countTargets } from "@retool-ts/engine";
import { ShapeError } from "@retool-ts/core";
import { beforeAll, expect, test } from "vitest";
import { useBackend } from "./backend.js";
import { microBatches } from "@retool-ts/engine";
import { disposeBatch, packTrainingRows } from "./training-batch.js";

beforeAll(() => useBackend("cpu").then(() => undefined));

const ROWS = [
  { tokenIds: [5, 6, 7], lossMask: [1, 0, 1], fields: { advantages: [9, 8, 7] } },
  { tokenIds: [4], lossMask: [1], fields: { advantages: [6] } },
  { tokenIds: Int32Array.of(3, 2), lossMask: Uint8Array.of(0, 1), fields: { advantages: Float32Array.of(5, 4) } },
];

test("rows are packed one after another; each target is predicted from the place before it", () => {
  const batch = packTrainingRows(ROWS);
  const read = {
    ids: batch.tokenIds,
    sources: batch.sources,
    targets: batch.targets,
    rows: batch.rowOfTarget,
    weights: batch.fields["advantages"]!,
  };
  const values = Object.fromEntries(Object.entries(read).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
  const positions = [...batch.layout.positions.dataSync()];
  disposeBatch(batch);
  expect(values).toEqual({ ids: [5, 6, 7, 4, 3, 2], sources: [1, 4], targets: [7, 2], rows: [0, 2], weights: [7, 4] });
  expect(positions).toEqual([0, 1, 2, 0, 0, 1]);
  expect(countTargets(ROWS)).toBe(2);
});

test("a field that is made when it is read is made once to check it and once to send it, however many targets it has", () => {
  let made = 0;
  const fields = {
    get advantages() {
      made++;
      return Float32Array.of(1, 2, 3, 4);
    },
  };
  disposeBatch(packTrainingRows([{ tokenIds: [1, 2, 3, 4], lossMask: [0, 1, 1, 1], fields }]));
  expect(made).toBe(2);
});

test("arrays of different lengths are refused by name", () => {
  const row = { tokenIds: [1, 2], lossMask: [1, 1], fields: { oldLogProbs: [0] } };
  expect(() => packTrainingRows([row])).toThrow(ShapeError);
  expect(() => packTrainingRows([row])).toThrow("oldLogProbs: expected [2], got [1]");
});

test("a row without a field that others have is refused by name", () => {
  const rows = [{ tokenIds: [1, 2], lossMask: [1, 1] }, ROWS[0]!];
  for (const order of [rows, rows.toReversed()]) {
    expect(() => packTrainingRows(order)).toThrow(/rows\[1\]\.fields: expected .*, got/);
  }
});

test("micro-batches keep the order and the limit; a row above it stands alone", () => {
  const rows = [4, 3, 12, 1, 9, 10].map((length) => ({ tokenIds: new Int32Array(length), lossMask: new Int32Array(length) }));
  const lengths = microBatches(rows, 10).map((part) => part.map(({ tokenIds }) => tokenIds.length));
  expect(lengths).toEqual([[4, 3], [12], [1, 9], [10]]);
  expect(microBatches([], 10)).toEqual([]);
});
