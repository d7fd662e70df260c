import { countTargets, type FrozenPolicy } from "@retool-ts/policy";
import type { RunContext } from "../train-context.js";
import type { Sample } from "./sample.js";

interface WithMetrics {
  readonly samples: readonly Sample[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** Replaces old log-probabilities by those of the training forward where asked for, and measures how far the sampler's are from them. */
export async function addTrainerLogProbs({ model, config }: RunContext, samples: readonly Sample[]): Promise<WithMetrics> {
  const { oldLogProbs, sampling } = config.train;
  if (oldLogProbs === "sampler") return { samples, metrics: {} };
  const logProbs = await model.engine.logProbs(samples.map(({ rollout }) => rollout.trajectory), sampling); // prettier-ignore
  const updated = samples.map((sample, i) => ({ ...sample, oldLogProbs: logProbs[i]! }));
  return { samples: updated, metrics: mismatch(updated) };
}

/** Adds the log-probabilities of a reference, if there is one. */
export async function addReferenceLogProbs(
  { config }: RunContext,
  reference: FrozenPolicy | undefined,
  samples: readonly Sample[],
): Promise<readonly Sample[]> {
  if (reference === undefined) return samples;
  const { temperature } = config.train.sampling;
  const logProbs = await reference.logProbs(samples.map(({ rollout }) => rollout.trajectory), { temperature }); // prettier-ignore
  return samples.map((sample, i) => ({ ...sample, refLogProbs: logProbs[i]! }));
}

/** Trainer against sampler, over the tokens that the policy chose. */
function mismatch(samples: readonly Sample[]): Record<string, number> {
  const tokens = countTargets(samples.map(({ rollout }) => rollout.trajectory));
  let [absolute, kl, largest] = [0, 0, 0];
  for (const { rollout, oldLogProbs, samplerLogProbs } of samples) {
    rollout.trajectory.lossMask.forEach((mask, t) => {
      if (mask === 0) return;
      const difference = oldLogProbs[t]! - samplerLogProbs[t]!;
      absolute += Math.abs(difference) / tokens;
      kl += (Math.exp(difference) - difference - 1) / tokens;
      largest = Math.max(largest, Math.abs(difference));
    });
  }
  return { "mismatch/log_prob_difference": absolute, "mismatch/log_prob_difference_max": largest, "mismatch/kl": kl };
}
