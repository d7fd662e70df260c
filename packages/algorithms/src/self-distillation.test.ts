import { expect, test } from "vitest";
import { selfDistillationAdvantages } from "./self-distillation.js";

const logSoftmax = (logits: readonly number[]): number[] => {
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return logits.map((logit) => logit - total);
};

test("expected over the policy's choices, the policy gradient is that of −KL(π ‖ told), by finite differences", () => {
  const logits = [0.3, -1.2, 0.8, 0.1];
  const told = logSoftmax([1.5, -0.4, -0.7, 0.2]);
  const divergence = (at: readonly number[]) =>
    logSoftmax(at).reduce((sum, logProb, y) => sum + Math.exp(logProb) * (logProb - told[y]!), 0);
  const own = logSoftmax(logits);
  // one rollout of one token for each choice that the policy has, weighted by its probability
  const advantages = selfDistillationAdvantages({
    logProbs: own.map((logProb) => [logProb]),
    toldLogProbs: told.map((logProb) => [logProb]),
    lossMask: own.map(() => [1]),
  });
  for (let i = 0; i < logits.length; i++) {
    const moved = (by: number) => logits.map((logit, j) => logit + (i === j ? by : 0));
    const expected = -(divergence(moved(1e-5)) - divergence(moved(-1e-5))) / 2e-5;
    const gradient = own.reduce((sum, logProb, y) => {
      const score = (y === i ? 1 : 0) - Math.exp(own[i]!); // ∂ log π(y) / ∂ logit_i
      return sum + Math.exp(logProb) * advantages[y]![0]! * score;
    }, 0);
    expect(gradient).toBeCloseTo(expected, 6);
  }
});

test("tools' tokens and rollouts without feedback have none", () => {
  const logProbs = [[-1, -2, -3], [-1]];
  const toldLogProbs = [[-0.5, -9, -4], undefined];
  expect(selfDistillationAdvantages({ logProbs, toldLogProbs, lossMask: [[1, 0, 1], [1]] }).map((row) => [...row])).toEqual([
    [0.5, 0, -1],
    [0],
  ]);
  expect(() => selfDistillationAdvantages({ logProbs, toldLogProbs: [[-1], undefined], lossMask: [[1, 0, 1], [1]] })).toThrow(
    /toldLogProbs/,
  );
});
