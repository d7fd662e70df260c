import type { TrainContext } from "../train-context.js";
import type { Sample } from "./sample.js";

/**
 * What each token's distribution is like. Σ π² needs no pass of its own kind: with logits z at temperature T, log π_T = z/T − LSE(z/T), and so
 * log Σ π_T² = LSE(2z/T) − 2 LSE(z/T) = 2 log π_T − log π_{T/2}, whichever the token.
 */
export async function distributionsOf<Closure>({ policy, config }: TrainContext<Closure>, samples: readonly Sample[]) {
  const rows = samples.map(({ rollout }) => rollout.trajectory);
  const { temperature } = config.sampling;
  const logProbs = await policy.engine.logProbs(rows, { temperature });
  const sharper = await policy.engine.logProbs(rows, { temperature: temperature / 2 });
  return logProbs.map((row, i) => ({
    logProbs: row,
    squaredProbabilities: row.map((logProb, t) => Math.min(1, Math.exp(2 * logProb - sharper[i]![t]!))),
  }));
}

/** log π of whole responses, tokens of tools left out. */
export function sequenceLogProbs(samples: readonly Sample[]) {
  const sum = (row: ArrayLike<number>, { rollout }: Sample) =>
    rollout.trajectory.lossMask.reduce((total, mask, t) => (mask === 0 ? total : total + row[t]!), 0);
  return {
    policy: samples.map((sample) => sum(sample.oldLogProbs, sample)),
    reference: samples.map((sample) => sum(sample.refLogProbs!, sample)),
  };
}
