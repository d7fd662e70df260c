import type { Segment, Trajectory } from "@retool-ts/rollout";
import { expect, test } from "vitest";
import { TableEngine } from "../../test/table-engine.js";
import { readTrainConfig } from "../train-config.js";
import { createSample, type GroupedRollout } from "./sample.js";
import { applyToolMask } from "./tool-tokens.js";
import { policyRow } from "./update.js";

const config = readTrainConfig({ steps: 1, promptsPerStep: 1, groupSize: 2, learningRate: { peak: 1 } });

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
  const engine = new TableEngine(11);
  engine.table.rows[5]![6] = 2;
  const whole = { tokenIds: [1, 2, 3, 4, 5, 6, 7, 8], lossMask: [0, 0, 1, 1, 1, 1, 1, 1] };
  const [expected] = await engine.logProbs([whole]);
  const masked = rollout([...expected!], true);
  const [counted] = await applyToolMask([masked], engine, { ...config, maskToolTokens: false });
  expect(await applyToolMask([masked], engine, config)).toEqual([masked]);
  expect([...masked.trajectory.lossMask]).toEqual([0, 0, 1, 1, 0, 0, 0, 1]);
  expect([...counted!.trajectory.lossMask]).toEqual(whole.lossMask);
  counted!.trajectory.logProbs.forEach((value, t) => expect(value).toBeCloseTo(expected![t]!, 5));

  const row = (one: GroupedRollout) => policyRow(createSample(one), 1.5);
  expect(Array.from(row(masked).lossMask)).toEqual([0, 0, 1, 1, 0, 0, 0, 1]);
  expect(row(masked).fields.tokensInRow[3]).toBe(3);
  expect(row(counted!).fields.tokensInRow[3]).toBe(6);
  expect([...row(counted!).fields.samplerLogProbs].map((value) => value !== 0)).toEqual([false, false, true, true, true, true, true, true]);
});

test("a rollout without tool text stays as it is", async () => {
  const plain = rollout([0, 0, -1, -1, -1, -1, -1, -1], false);
  expect(await applyToolMask([plain], new TableEngine(11), { ...config, maskToolTokens: false })).toEqual([plain]);
});
