import { expect, test } from "vitest";
import type { Trajectory } from "@retool-ts/rollout";
import { addGuidance } from "./kl-penalty.js";
import type { AdvantageSample, GroupedRollout, Sample } from "./sample.js";

const softmax = (logits: readonly number[]) => {
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return logits.map((logit) => Math.exp(logit) / total);
};

/** A response of one token, behind a prompt of one and a tool's. */
function sampleOf(logProb: number, refLogProb: number): Sample {
  const trajectory = { tokenIds: [0, 0, 0], lossMask: [0, 0, 1], logProbs: Float32Array.of(0, 0, logProb) } as unknown as Trajectory;
  const [policy, reference] = [Float32Array.of(9, 9, logProb), Float32Array.of(-9, -9, refLogProb)];
  const rollout = { trajectory, group: 0, reward: { score: 0, correct: false } } as unknown as GroupedRollout;
  return { rollout, score: 0, rewards: new Float32Array(3), samplerLogProbs: policy, oldLogProbs: policy, refLogProbs: reference };
}

const KL = { coef: 0.5, place: "advantage", estimator: "k1", reference: null } as const;

test("the expected update is the gradient of the reverse KL", () => {
  const [logits, teacher] = [
    [0.3, -1, 0.8, 0.1],
    [-0.5, 0.2, 1.5, -2],
  ];
  const wanted = softmax(teacher!);
  const divergence = (of: readonly number[]) => softmax(of).reduce((sum, p, a) => sum + p * Math.log(p / wanted[a]!), 0);
  const p = softmax(logits!);
  const each = p.map((probability, a): AdvantageSample => ({
    sample: sampleOf(Math.log(probability), Math.log(wanted[a]!)),
    advantage: 0,
  }));
  const { samples, metrics } = addGuidance(each, { kl: KL });
  const advantages = samples.map(({ advantage }) => (advantage as Float32Array)[2]!);
  logits!.forEach((_, k) => {
    const update = p.reduce((sum, probability, a) => sum + probability * advantages[a]! * ((a === k ? 1 : 0) - p[k]!), 0);
    const moved = (by: number) => divergence(logits!.map((logit, i) => (i === k ? logit + by : logit)));
    expect(update).toBeCloseTo((-0.5 * (moved(1e-4) - moved(-1e-4))) / 2e-4, 6);
  });
  const mean = p.reduce((sum, probability, a) => sum + Math.log(probability / wanted[a]!), 0) / 4;
  expect(metrics["policy/reference_kl"]).toBeCloseTo(mean, 6);
});

test("it is added to an advantage of one number, and to one of a number a token; tool tokens have none", () => {
  const sample = sampleOf(-1, -3);
  for (const advantage of [2, [7, 7, 2]]) {
    const [guided] = addGuidance([{ sample, advantage }], { kl: KL }).samples;
    expect((guided!.advantage as Float32Array)[2]).toBeCloseTo(2 - 0.5 * 2, 6);
  }
  const [own] = addGuidance([{ sample, advantage: 0 }], { kl: KL }).samples;
  expect(Array.from(own!.advantage as Float32Array).slice(0, 2)).toEqual([0, 0]);
  for (const kl of [null, { ...KL, place: "loss" as const }]) {
    expect(addGuidance([{ sample, advantage: 2 }], { kl })).toEqual({ samples: [{ sample, advantage: 2 }], metrics: {} });
  }
});
