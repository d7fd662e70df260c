import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { RunFolder } from "@retool-ts/runs";
import { evaluateCheckpoint } from "../evaluation/evaluate-checkpoint.js";
import type { CliContext } from "../shell/cli-context.js";
import type { SweepEvaluation } from "./sweep-result.js";

/** A run that an evaluation is of. */
interface EvaluatedRun {
  readonly cell: string;
  readonly seed: number;
  readonly path: string;
}

/**
 * Evaluates what finished runs end with on other problems, as far as that is not done yet. Each evaluation is an ordinary folder of
 * `retool eval`, `evaluations/RUN-NAME` in the sweep's.
 *
 * @param evaluations - settings over the run's own, by name.
 */
export async function evaluateRuns(
  runs: readonly EvaluatedRun[],
  evaluations: Readonly<Record<string, readonly string[]>>,
  output: string,
  context: CliContext,
): Promise<SweepEvaluation[]> {
  const found: SweepEvaluation[] = [];
  for (const [name, set] of Object.entries(evaluations)) {
    for (const { cell, seed, path } of runs) {
      const folder = join(output, "evaluations", `${basename(path)}-${name}`);
      if (!existsSync(join(folder, "evaluation.json"))) {
        context.reporter.say(`${cell}, seed ${seed}: ${name}`);
        await evaluateCheckpoint({ model: path, set, output: folder, json: false }, { ...context, print: () => undefined });
      }
      const records = await new RunFolder(folder).readTrajectories("eval");
      const answers = new Map(records.map(({ problemId, sampleIndex, correct }) => [`${problemId} ${sampleIndex}`, correct]));
      found.push({ name, cell, seed, answers });
    }
  }
  return found;
}
