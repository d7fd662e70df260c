import { checkpointConfig } from "../setup/checkpoint-source.js";
import type { CliContext } from "../shell/cli-context.js";
import { createEnvironment } from "../setup/create-environment.js";
import { gradedRollouts } from "@retool-ts/evaluate";
import { setUpModel } from "../setup/model-setup.js";
import { heldOutProblems } from "../setup/held-out-problems.js";
import { openRunFolder, toRecord, type TrajectoryRecord } from "@retool-ts/runs";
import { CHECKPOINT_PHASE } from "@retool-ts/report";

/**
 * Rolls out the first held-out problems with every checkpoint that a run has kept, once each, and keeps the rollouts as
 * `trajectories/checkpoints.jsonl.gz`, for the report to show side by side.
 *
 * @returns how many checkpoints there were.
 */
export async function sampleCheckpoints(path: string, count: number, { reporter, signal }: CliContext): Promise<number> {
  const run = await openRunFolder(path);
  const checkpoints = await run.checkpoints();
  const records: TrajectoryRecord[] = [];
  const bar = reporter.progress("checkpoints", checkpoints.length);
  for (const [index, checkpoint] of checkpoints.entries()) {
    const config = await checkpointConfig(checkpoint.path, { set: [] });
    const problems = await heldOutProblems(config, count);
    const model = await setUpModel(config, checkpoint.path);
    try {
      const environment = await createEnvironment(config, model);
      try {
        const { sampling } = config.eval;
        const request = { problems, samples: 1, sampling, seed: config.seed, step: 0, signal };
        const groups = await gradedRollouts(model, environment, request);
        signal.throwIfAborted();
        records.push(...groups.flat().map((rollout) => toRecord(rollout, { phase: CHECKPOINT_PHASE, step: checkpoint.step })));
      } finally {
        await environment.close();
      }
    } finally {
      model.dispose();
    }
    bar.update(index + 1);
  }
  bar.done();
  await run.writeTrajectories("checkpoints", records);
  return checkpoints.length;
}
