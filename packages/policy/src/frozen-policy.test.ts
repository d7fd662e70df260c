import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { ADAMW, TINY, tinyRows } from "../test/tiny.js";
import { useBackend } from "./backend.js";
import { FrozenPolicy } from "./frozen-policy.js";
import { LocalEngine } from "./local-engine.js";
import { Parameters } from "./parameters.js";

const OPTIONS = { optimizer: ADAMW, maxTokensPerMicroBatch: 20 };
const ROWS = tinyRows([9, 14, 5]);

beforeAll(() => useBackend("wasm"));

test("a frozen copy keeps the log-probabilities that the policy had, and takes new weights only when told", async () => {
  const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
  const engine = new LocalEngine(parameters, OPTIONS);
  const frozen = new FrozenPolicy(await parameters.copy(), OPTIONS);
  try {
    const before = await engine.logProbs(ROWS, { temperature: 0.7 });
    expect(await frozen.logProbs(ROWS, { temperature: 0.7 })).toEqual(before);
    await engine.forwardBackward(ROWS, ({ logProbs }) => ({ loss: tf.sum<tf.Scalar>(logProbs) }));
    await engine.optimStep({ learningRate: 0.01 });
    expect(await engine.logProbs(ROWS, { temperature: 0.7 })).not.toEqual(before);
    expect(await frozen.logProbs(ROWS, { temperature: 0.7 })).toEqual(before);
    await frozen.parameters.copyFrom(parameters);
    expect(await frozen.logProbs(ROWS)).toEqual(await engine.logProbs(ROWS));
    await expect(frozen.logProbs([{ tokenIds: [1, 99], lossMask: [0, 1] }])).rejects.toThrow("rows[0].tokenIds[1]");
  } finally {
    frozen.dispose();
    engine.dispose();
    parameters.dispose();
  }
});
