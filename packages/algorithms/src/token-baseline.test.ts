import { RandomStream } from "@retool-ts/core";
import { expect, test } from "vitest";
import { optimalTokenBaselineAdvantages } from "./token-baseline.js";

const softmax = (logits: readonly number[]) => {
  const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
  return logits.map((value) => Math.exp(value) / total);
};

/** Responses with whole distributions: the squared norm of ∇ log π in the logits is taken from its definition, Σ (1[v = a] − π(v))². */
function example() {
  const random = new RandomStream(3, ["baseline"]);
  const groups = [0, 1, 0, 0, 1, 2];
  const masks = [
    [0, 1, 1, 0, 1],
    [1, 1],
    [1, 0, 0, 1, 1, 1],
    [1, 1],
    [0, 0, 1, 1],
    [1, 0, 1],
  ];
  const samples = masks.map((mask) =>
    mask.map((own) => {
      const probabilities = softmax(Array.from({ length: 5 }, () => 3 * random.uniform()));
      const token = Math.floor(5 * random.uniform());
      const norm = probabilities.reduce((sum, value, v) => sum + (Number(v === token) - value) ** 2, 0);
      return { own, norm, logProb: Math.log(probabilities[token]!), square: probabilities.reduce((sum, p) => sum + p * p, 0), reward: random.uniform() }; // prettier-ignore
    }),
  );
  const rows = (key: "own" | "logProb" | "square" | "reward") => samples.map((sample) => sample.map((token) => token[key]));
  return { groups, samples, inputs: { rewards: rows("reward"), lossMask: rows("own"), logProbs: rows("logProb"), squaredProbabilities: rows("square") } }; // prettier-ignore
}

test("the baseline of each token is Σ G W / Σ W over the group, with W from the gradients' own norms", () => {
  const { groups, samples, inputs } = example();
  const found = optimalTokenBaselineAdvantages(inputs, groups, { epsilon: 0 });
  samples.forEach((sample, i) => {
    const own = (of: typeof sample) => of.filter((token) => token.own === 1);
    const total = (values: typeof sample, key: "norm" | "reward") => values.reduce((sum, token) => sum + token[key], 0);
    let t = 0;
    sample.forEach((token, place) => {
      if (token.own === 0) {
        expect(found[i]![place]).toBe(0);
        return;
      }
      const alive = samples.filter((other, k) => groups[k] === groups[i] && own(other).length > t).map(own);
      const parts = alive.map((other) => ({ g: total(other.slice(t), "reward"), w: total(other.slice(0, t + 1), "norm") }));
      const baseline = parts.length === 1 ? 0 : parts.reduce((sum, { g, w }) => sum + g * w, 0) / parts.reduce((sum, { w }) => sum + w, 0);
      expect(found[i]![place]).toBeCloseTo(total(own(sample).slice(t), "reward") - baseline, 10);
      t++;
    });
  });
});

test("with equal noise it is the group's mean, and a certain policy does not divide by 0", () => {
  const rewards = [[0, 1], [0, 0], [0, 0], [0, 0]]; // prettier-ignore
  const like = (value: number) => rewards.map(() => [value, value]);
  const equal = { rewards, lossMask: like(1), logProbs: like(Math.log(0.5)), squaredProbabilities: like(0.5) };
  const found = optimalTokenBaselineAdvantages(equal, [0, 0, 0, 0]);
  [0.75, -0.25, -0.25, -0.25].forEach((value, i) => found[i]!.forEach((each) => expect(each).toBeCloseTo(value, 6)));
  const certain = { ...equal, logProbs: like(0), squaredProbabilities: like(1) };
  expect(optimalTokenBaselineAdvantages(certain, [0, 0, 0, 0])).toEqual(rewards.map(([, last]) => [last, last]));
});

test("rows of different lengths are refused by name", () => {
  const rows = [[1, 1]];
  expect(() => optimalTokenBaselineAdvantages({ rewards: rows, lossMask: rows, logProbs: [[0]], squaredProbabilities: rows }, [0])).toThrow(/logProbs: expected 2 tokens/); // prettier-ignore
});
