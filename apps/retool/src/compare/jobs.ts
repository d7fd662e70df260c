import { join } from "node:path";
import { loadConfig } from "../config/load-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RunJob } from "../recipe/run-job.js";
import { COMPARISONS, type ArmName, type ComparisonName } from "./arms.js";

/** One arm with one seed. */
export interface Job extends RunJob {
  readonly arm: ArmName;
  readonly seed: number;
}

/** Parts of a comparison. */
export interface ComparisonPlan {
  readonly comparison: ComparisonName;
  readonly arms: readonly ArmName[];
  readonly seeds: readonly number[];
  /** Settings for all arms, over the comparison's own. */
  readonly set: readonly string[];
}

/**
 * The runs of a comparison, those that take longest first, so that processes end together.
 *
 * @throws InputError for a setting that does not fit.
 */
export async function planJobs(folder: string, { comparison, arms, seeds, set }: ComparisonPlan): Promise<Job[]> {
  const { preset, shared, arms: own } = COMPARISONS[comparison];
  const jobs: Job[] = [];
  for (const seed of seeds) {
    for (const arm of arms) {
      const config = await loadConfig({ preset, set: [...shared, ...own[arm], ...set, `seed=${seed}`] });
      jobs.push({ arm, seed, path: join(folder, `${arm}-seed${seed}`), config });
    }
  }
  return jobs.sort((a, b) => sftSteps(b.config) - sftSteps(a.config));
}

function sftSteps({ sft }: RecipeConfig): number {
  return sft.stages.reduce((sum, { steps }) => sum + steps, 0);
}
