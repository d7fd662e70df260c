import { createHash } from "node:crypto";
import { join } from "node:path";
import { groupBy } from "@retool-ts/core";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RunJob } from "../recipe/run-job.js";

/** A run of one cell with one seed. */
export interface CellJob extends RunJob {
  readonly cell: string;
  readonly seed: number;
}

/** Runs whose reinforcement learning begins from cold starts that are runs of their own. */
export interface SweepJobs {
  /** Supervised training alone; these come first. */
  readonly coldStarts: readonly CellJob[];
  readonly jobs: readonly CellJob[];
}

/**
 * Divides runs: cold starts that several of them have are trained once, in `cold-starts/`. A run whose cold start is like no other's stays
 * whole.
 *
 * @param output - folder of the sweep.
 */
export function shareColdStarts(jobs: readonly CellJob[], output: string): SweepJobs {
  const sharers = groupBy(jobs, ({ config }) => coldStartKey(config));
  const coldStarts = new Map<string, CellJob>();
  for (const [key, [first, ...others]] of sharers) {
    if (others.length === 0) continue;
    const { config, seed } = first!;
    const name = `${createHash("sha256").update(key).digest("hex").slice(0, 8)}-seed${seed}`;
    coldStarts.set(key, { cell: "cold start", seed, path: join(output, "cold-starts", name), config, parts: { sft: true, rl: false } });
  }
  return {
    coldStarts: [...coldStarts.values()],
    jobs: jobs.map((job) => {
      const coldStart = coldStarts.get(coldStartKey(job.config));
      return coldStart === undefined ? job : { ...job, parts: { sft: false, rl: true }, from: coldStart.path };
    }),
  };
}

/** What supervised training depends on, and more: equal keys are equal cold starts. */
function coldStartKey({
  train: _train,
  functions: _functions,
  reward: _reward,
  eval: _eval,
  log: _log,
  data,
  ...rest
}: RecipeConfig): string {
  return JSON.stringify([rest, data.train, ...(data.mix.length === 0 ? [] : [data.mix])]);
}
