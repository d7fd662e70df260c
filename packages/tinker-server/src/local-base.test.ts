import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Parameters, useBackend } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TINY } from "../test/tiny-server.js";
import { localBase } from "./local-base.js";

let parameters: Parameters;
let folder: string;
beforeAll(async () => {
  await useBackend("wasm");
  folder = await mkdtemp(join(tmpdir(), "local-base-"));
  parameters = Parameters.initialize({ ...TINY, hiddenSize: 96, intermediateSize: 192, headDim: 24 }, { seed: 5, embeddingStd: 0.3 });
});
afterAll(async () => {
  parameters.dispose();
  await rm(folder, { recursive: true });
});

const ADAPTER = { rank: 1, seed: 1, trainAttention: true, trainMlp: true };
const ROW = { tokenIds: [1, 2, 3, 4], lossMask: [0, 1, 1, 1] };

test("models and samplers share the base's weights: each adds its adapter, and gives all of it back", async () => {
  const base = localBase(parameters, { name: "tiny" });
  const start = tf.memory();
  const models = await Promise.all([1, 2, 3, 4].map((seed) => base.createModel({ ...ADAPTER, seed })));
  const scores = await Promise.all(models.map(({ engine }) => engine.logProbs([ROW])));
  await models[0]!.engine.forwardBackward([ROW], { name: "cross-entropy", normalizer: 1 });
  await models[0]!.engine.optimStep({ learningRate: 0.1 });
  const snapshot = await models[0]!.engine.snapshot();
  await snapshot.save(folder);
  snapshot.dispose();
  const weights = [await base.openWeights(), await base.openWeights(folder)];
  const plain = await weights[0]!.logProbs([ROW]);
  for (const score of scores) expect(score).toEqual(plain); // fresh adapters change nothing
  const trained = await models[0]!.engine.logProbs([ROW]);
  expect(trained).not.toEqual(plain);
  expect(await weights[1]!.logProbs([ROW])).toEqual(trained);
  expect(await models[1]!.engine.logProbs([ROW])).toEqual(plain);
  const added = tf.memory().numBytes - start.numBytes;
  expect(added).toBeLessThan(4 * parameters.count); // six of them, in less than one base takes
  for (const model of models) model.dispose();
  for (const one of weights) one.dispose();
  expect(tf.memory().numTensors).toBe(start.numTensors);
});

test("an adapter is on the modules that were asked for, and drawn from its seed", async () => {
  const base = localBase(parameters, { name: "tiny", alpha: 8 });
  const names = async (adapter: Partial<typeof ADAPTER>) => {
    const model = await base.createModel({ ...ADAPTER, ...adapter });
    const digest = await model.engine.weightsDigest();
    model.dispose();
    return digest;
  };
  const digests = await Promise.all([
    names({}),
    names({}),
    names({ seed: 2 }),
    names({ trainMlp: false }),
    names({ trainAttention: false }),
  ]);
  expect(digests[1]).toBe(digests[0]);
  expect(new Set(digests).size).toBe(4);
});

test("the likeliest tokens are those of the whole distribution, in order", async () => {
  const weights = await localBase(parameters, { name: "tiny" }).openWeights();
  const rows = await weights.topTokens!([1, 2, 3], 34);
  expect(rows).toHaveLength(2);
  for (const [place, row] of rows.entries()) {
    expect(row.reduce((sum, [, logProb]) => sum + Math.exp(logProb), 0)).toBeCloseTo(1, 5);
    const ids = [1, 2, 3].slice(0, place + 1);
    for (const [id, logProb] of row.slice(0, 5)) {
      const tokenIds = [...ids, id];
      const [scores] = await weights.logProbs([{ tokenIds, lossMask: tokenIds.map((_, i) => (i === tokenIds.length - 1 ? 1 : 0)) }]);
      expect(scores!.at(-1)).toBeCloseTo(logProb, 5);
    }
  }
  expect(await weights.topTokens!([1], 3)).toEqual([]);
  weights.dispose();
});
