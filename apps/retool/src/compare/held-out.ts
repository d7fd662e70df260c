import { createTaskSource, type GeneratedProblem } from "@retool-ts/data";
import { heldOutProblems } from "../setup/problem-source.js";
import { stageOffset } from "@retool-ts/train";
import type { ArmRun } from "./arm-run.js";
import type { ComparisonResult } from "./comparison.js";
import type { Job } from "./jobs.js";

/**
 * Goes through every problem that the runs trained on, cold starts and RL, and counts those that are held out. Problems are the same
 * when family and operands are, in whatever words.
 */
export async function countHeldOut(jobs: readonly Job[], runs: readonly ArmRun[]): Promise<ComparisonResult["heldOut"]> {
  const { config: first } = jobs[0]!;
  const problems = (await heldOutProblems(first, first.eval.problems)) as GeneratedProblem[];
  const trained = new Set<string>();
  for (const { arm, seed, config } of jobs) {
    const { train } = config.data;
    if (train.kind !== "generated") continue;
    const source = createTaskSource({
      seed,
      split: "train",
      levelWeights: train.levelWeights,
      ...(train.families ? { families: train.families } : {}),
    });
    const run = runs.find((candidate) => candidate.arm === arm && candidate.seed === seed)!;
    const stretches = [
      { from: 0, count: run.rl.steps * config.train.promptsPerStep },
      ...config.sft.stages.map((stage) => ({ from: stageOffset(config.sft.stages, stage), count: stage.steps * stage.batchSize })),
    ];
    for (const { from, count } of stretches) for (let i = 0; i < count; i++) trained.add(source.problem(from + i).key);
  }
  return { problems: problems.length, trainedOn: problems.filter(({ key }) => trained.has(key)).length, trainingProblems: trained.size };
}
