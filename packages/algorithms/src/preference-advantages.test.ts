import fc from "fast-check";
import { expect, test } from "vitest";
import { preferenceAdvantages } from "./preference-advantages.js";

/** Mean loss of DPO over all pairs, as the paper writes it. */
function dpoLoss(
  scores: readonly number[],
  groupIds: readonly number[],
  logProbs: readonly number[],
  refLogProbs: readonly number[],
  beta: number,
) {
  const losses: number[] = [];
  scores.forEach((_, w) => {
    scores.forEach((__, l) => {
      if (groupIds[w] !== groupIds[l] || scores[w]! <= scores[l]!) return;
      const delta = logProbs[w]! - refLogProbs[w]! - (logProbs[l]! - refLogProbs[l]!);
      losses.push(Math.log1p(Math.exp(-beta * delta)));
    });
  });
  return losses.length === 0 ? 0 : losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

test("minus advantage over samples is the derivative of DPO's loss in the log-probability of a response", () => {
  const sample = fc.record({ score: fc.constantFrom(-1, 0, 1), group: fc.integer({ min: 0, max: 2 }), logProb: fc.double({ min: -30, max: 0, noNaN: true }), refLogProb: fc.double({ min: -30, max: 0, noNaN: true }) }); // prettier-ignore
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 9 }), fc.double({ min: 0.01, max: 2, noNaN: true }), (samples, beta) => {
      const of = <Key extends keyof (typeof samples)[number]>(key: Key) => samples.map((each) => each[key]);
      const [scores, groupIds, logProbs, refLogProbs] = [of("score"), of("group"), of("logProb"), of("refLogProb")];
      const advantages = preferenceAdvantages({ scores, groupIds, logProbs, refLogProbs }, beta);
      samples.forEach((_, i) => {
        const at = (step: number) => dpoLoss(scores, groupIds, logProbs.map((logProb, j) => (j === i ? logProb + step : logProb)), refLogProbs, beta); // prettier-ignore
        const derivative = (at(1e-5) - at(-1e-5)) / 2e-5;
        expect(Math.abs(-advantages[i]! / samples.length - derivative)).toBeLessThan(1e-7);
      });
    }),
  );
});

test("equal scores teach nothing", () => {
  expect(preferenceAdvantages({ scores: [1, 1, 0], groupIds: [1, 1, 2], logProbs: [-1, -2, -3], refLogProbs: [-1, -1, -1] }, 0.1)).toEqual([0, 0, 0]); // prettier-ignore
});
