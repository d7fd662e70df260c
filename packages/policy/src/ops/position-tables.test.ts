import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { ADAMW, TINY, tinyRows } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { LocalEngine } from "../local-engine.js";
import { Parameters } from "../parameters.js";
import { PositionTables } from "./position-tables.js";

beforeAll(() => useBackend("wasm"));

test("a config that allows for billions of positions takes no more memory than its rows need", async () => {
  const rows = tinyRows([9, 700]);
  const logProbs: Float32Array[][] = [];
  for (const maxPositions of [700, 2 ** 40]) {
    const parameters = Parameters.initialize({ ...TINY, maxPositions }, { seed: 3, embeddingStd: 0.5 });
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 1_000 });
    const before = tf.memory().numBytes;
    logProbs.push(await engine.logProbs(rows));
    expect(tf.memory().numBytes - before).toBeLessThanOrEqual(2 * 4 * 1_024 * (TINY.headDim / 2));
    engine.dispose();
    parameters.dispose();
  }
  expect(logProbs[1]).toEqual(logProbs[0]);
});

test("tables grow by doubling, to the model's positions and no further", () => {
  const tables = new PositionTables({ maxPositions: 1_500, headDim: 8, ropeTheta: 100 });
  expect(() => tables.tables).toThrow("no sequence");
  const lengths = [3, 256, 257, 100, 1_100, 1_500].map((positions) => {
    tables.reach(positions);
    return tables.tables.sines.shape[0];
  });
  expect(lengths).toEqual([256, 256, 512, 512, 1_500, 1_500]);
  const { sines } = tables.tables;
  tables.reach(1_500);
  expect(tables.tables.sines).toBe(sines);
  expect(() => tables.reach(1_501)).toThrow("expected at most 1500 positions, got 1501");
  tables.dispose();
});

test("a shape whose heads do not divide is refused before any weights are made", () => {
  const make = () => Parameters.initialize({ ...TINY, kvHeads: 3 }, { seed: 1, embeddingStd: 0.1 });
  expect(make).toThrow("heads divisible by kvHeads");
});
