import { groupBy, RandomStream } from "@retool-ts/core";
import type { TrainConfig } from "../train-config.js";
import type { AdvantageSample } from "./sample.js";

/** Names a step's random order of groups. */
export interface MiniBatchKey {
  readonly seed: number;
  readonly step: number;
}

/**
 * The updates of a step, in order: each epoch goes through all groups once, in an order of its own, and cuts them into
 * `updatesPerStep` mini-batches whose numbers of groups differ by at most one. A single update keeps the order of sampling.
 *
 * Groups stay whole, so that a batch never holds only the good or only the bad half of one.
 */
export function miniBatches(
  samples: readonly AdvantageSample[],
  { updatesPerStep, epochs }: Pick<TrainConfig, "updatesPerStep" | "epochs">,
  { seed, step }: MiniBatchKey,
): AdvantageSample[][] {
  if (updatesPerStep * epochs === 1) return [[...samples]];
  const groups = groupsOf(samples);
  return Array.from({ length: epochs }, (_, epoch) => {
    const order = new RandomStream(seed, ["mini-batches", step, epoch]).shuffle(groups);
    return Array.from({ length: updatesPerStep }, (__, part) => {
      const [start, end] = [part, part + 1].map((edge) => Math.round((edge * order.length) / updatesPerStep));
      return order.slice(start, end).flat();
    });
  }).flat();
}

function groupsOf(samples: readonly AdvantageSample[]): AdvantageSample[][] {
  return [...groupBy(samples, ({ sample }) => sample.rollout.group).values()];
}
