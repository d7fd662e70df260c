import { expect, test } from "vitest";
import { miniBatches } from "./mini-batches.js";
import { policyRow } from "./update.js";
import { createSample, type AdvantageSample, type GroupedRollout } from "./sample.js";

/** A rollout of a prompt token, two tokens of the policy and tool text between them. */
function judged(group: number, sampleIndex = 0): AdvantageSample {
  const trajectory = {
    problemId: `p${group}`,
    sampleIndex,
    tokenIds: Int32Array.of(7, 8, 9, 7),
    lossMask: Uint8Array.of(0, 1, 0, 1),
    logProbs: Float32Array.of(0, -1, 0, -2),
    stopReason: "answered",
  };
  const rollout = { trajectory, reward: { score: -1 }, group } as unknown as GroupedRollout;
  return { sample: createSample(rollout), advantage: 0.5 };
}

const samples = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4].map((group, i) => judged(group, i % 2));
const groupsIn = (batch: readonly AdvantageSample[]) => batch.map(({ sample }) => sample.rollout.group);

test("one update takes the samples as they come", () => {
  expect(miniBatches(samples, { updatesPerStep: 1, epochs: 1 }, { seed: 1, step: 0 })).toEqual([samples]);
});

test("each epoch goes through every group once, whole, in an order that seed and step decide", () => {
  const plan = { updatesPerStep: 2, epochs: 3 };
  const batches = miniBatches(samples, plan, { seed: 1, step: 4 });
  expect(batches).toHaveLength(6);
  const orders = [0, 2, 4].map((first) => batches.slice(first, first + 2).flatMap(groupsIn));
  for (const order of orders) expect(order.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  expect(new Set(orders.map(String)).size).toBeGreaterThan(1);
  for (const batch of batches) expect([4, 6]).toContain(batch.length); // two or three groups
  for (const batch of batches)
    for (const group of groupsIn(batch)) expect(groupsIn(batch).filter((other) => other === group)).toHaveLength(2);
  expect(miniBatches(samples, plan, { seed: 1, step: 4 })).toEqual(batches);
  expect(miniBatches(samples, plan, { seed: 1, step: 5 })).not.toEqual(batches);
});

test("as many updates as epochs are not one update", () => {
  expect(miniBatches(samples, { updatesPerStep: 2, epochs: 2 }, { seed: 1, step: 0 })).toHaveLength(4);
});

test("a policy row repeats what the loss needs at every token", () => {
  const { fields } = policyRow(judged(0).sample, 0.5);
  expect([...fields.advantages]).toEqual([0.5, 0.5, 0.5, 0.5]);
  expect([...fields.tokensInRow]).toEqual([2, 2, 2, 2]);
  expect([...policyRow(judged(0).sample, [1, 2, 3, 4]).fields.advantages]).toEqual([1, 2, 3, 4]);
  expect(() => policyRow(judged(0).sample, [1, 2, 3])).toThrow(/advantages/);
});

test("numbers that are the same at every token are no arrays that a step holds", () => {
  const { fields } = policyRow({ ...judged(0).sample, refLogProbs: new Float32Array(4) }, 0.5);
  expect(fields.advantages).not.toBe(fields.advantages);
  expect(fields.tokensInRow).not.toBe(fields.tokensInRow);
  expect(Object.keys(fields)).toEqual(["oldLogProbs", "samplerLogProbs", "advantages", "tokensInRow", "refLogProbs"]);
});

test("the score stands on the last token that the policy chose", () => {
  expect([...judged(0).sample.rewards]).toEqual([0, 0, 0, -1]);
});
