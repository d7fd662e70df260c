import { countTargets, LocalEngine, Parameters, useBackend } from "@retool-ts/policy";
import type { Segment, Trajectory } from "@retool-ts/rollout";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { PRESETS } from "../../../../apps/retool/src/config/presets.js";
import { RecipeConfig } from "../../../../apps/retool/src/config/recipe-config.js";
import { policyLoss } from "@retool-ts/algorithms";
import { policyRow } from "./policy-row.js";
import { createSample, type GroupedRollout } from "./sample.js";
import { applyToolMask } from "./tool-tokens.js";

const { optimizer, train } = RecipeConfig.parse(PRESETS.tiny);

beforeAll(() => useBackend("cpu"));

function tinyEngine() {
  const parameters = Parameters.initialize(
    {
      modelType: "qwen3",
      vocabSize: 11,
      hiddenSize: 8,
      intermediateSize: 8,
      layers: 1,
      heads: 2,
      kvHeads: 2,
      headDim: 4,
      maxPositions: 32,
      rmsNormEpsilon: 1e-6,
      ropeTheta: 100,
      tiedEmbeddings: true,
      attentionBias: false,
      queryKeyNorm: true,
    },
    { seed: 4, embeddingStd: 0.5 },
  );
  const { maxTokensPerMicroBatch, ...adamw } = optimizer;
  return { parameters, engine: new LocalEngine(parameters, { optimizer: adamw, maxTokensPerMicroBatch }) };
}

/** Prompt of two tokens, a turn of two, tool text of three, a turn of one. */
function rollout(logProbs: readonly number[], withTool: boolean): GroupedRollout {
  const lengths: readonly [Segment["kind"], number][] = withTool
    ? [["prompt", 2], ["model", 2], ["tool", 3], ["model", 1]] // prettier-ignore
    : [["prompt", 2], ["model", 6]]; // prettier-ignore
  let start = 0;
  const segments = lengths.map(([kind, length]) => ({ kind, start, end: (start += length), text: kind }));
  const lossMask = Uint8Array.from(
    segments.flatMap(({ kind, start: from, end }) => Array<number>(end - from).fill(kind === "model" ? 1 : 0)),
  );
  const trajectory: Trajectory = {
    problemId: "p",
    sampleIndex: 0,
    tokenIds: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    lossMask,
    logProbs: Float32Array.from(logProbs, (value, t) => value * lossMask[t]!),
    segments,
    promptLength: 2,
    toolCalls: [],
    turns: 1,
    stopReason: "answered",
  };
  return { problem: { id: "p", question: "q", answer: "1", source: "test" }, trajectory, reward: { score: 1, correct: true, prediction: "1", parts: {} }, group: 0 }; // prettier-ignore
}

test("exactly the tool's tokens join those that carry a gradient, with the trainer's log-probabilities", async () => {
  const { parameters, engine } = tinyEngine();
  try {
    const whole = { tokenIds: [1, 2, 3, 4, 5, 6, 7, 8], lossMask: [0, 0, 1, 1, 1, 1, 1, 1] };
    const [expected] = await engine.logProbs([whole]);
    const masked = rollout([...expected!], true);
    const [counted] = await applyToolMask([masked], engine, { ...train, maskToolTokens: false });
    expect(await applyToolMask([masked], engine, train)).toEqual([masked]);
    expect([...masked.trajectory.lossMask]).toEqual([0, 0, 1, 1, 0, 0, 0, 1]);
    expect([...counted!.trajectory.lossMask]).toEqual(whole.lossMask);
    counted!.trajectory.logProbs.forEach((value, t) => expect(value).toBeCloseTo(expected![t]!, 5));

    // What reaches the loss, and which of it has a gradient: all at ratio 1, so −A/n at each policy token.
    const carriers = async (one: GroupedRollout) => {
      const row = policyRow(createSample(one), 1.5);
      const n = countTargets([row]);
      const counts = { tokens: n, rollouts: 1, trainedTokens: n, trainedRows: 1, maxResponseTokens: 10 };
      let gradient: number[] = [];
      const loss = policyLoss(train, counts);
      await engine.forwardBackward([row], {
        loss(inputs) {
          gradient = [
            ...tf
              .grad((x) => loss({ ...inputs, logProbs: x as tf.Tensor1D }).loss)(inputs.logProbs)
              .dataSync<"float32">(),
          ];
          return loss(inputs);
        },
      });
      return gradient;
    };
    expect(await carriers(masked)).toEqual(Array(3).fill(expect.closeTo(-0.5, 4)));
    expect(await carriers(counted!)).toEqual(Array(6).fill(expect.closeTo(-0.25, 4)));
  } finally {
    engine.dispose();
    parameters.dispose();
  }
});

test("a rollout without tool text stays as it is", async () => {
  const { parameters, engine } = tinyEngine();
  const plain = rollout([0, 0, -1, -1, -1, -1, -1, -1], false);
  expect(await applyToolMask([plain], engine, { ...train, maskToolTokens: false })).toEqual([plain]);
  engine.dispose();
  parameters.dispose();
});
