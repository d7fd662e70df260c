import type { TrainContext } from "../train-context.js";
import { meanAdvantage } from "./advantages.js";
import type { AdvantageSample, GroupedRollout } from "./sample.js";

/** Keeps the rollouts of a step with the mean advantage of each; those that are not learned from have none. */
export async function writeRollouts<Closure>(
  { recorder }: Pick<TrainContext<Closure>, "recorder">,
  step: number,
  rollouts: readonly GroupedRollout[],
  samples: readonly AdvantageSample[],
): Promise<void> {
  const advantages = new Map(
    samples.map(({ sample: { rollout }, advantage }) => [rollout, meanAdvantage(advantage, rollout.trajectory.lossMask)]),
  );
  const records = rollouts.map((rollout) => ({ ...rollout, advantage: advantages.get(rollout) }));
  await recorder.writeRollouts?.(step, records, { phase: "train", step });
}
