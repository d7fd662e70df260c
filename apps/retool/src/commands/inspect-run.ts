import { stat } from "node:fs/promises";
import { openRunFolder, readTrajectories, type TrajectoryRecord, visibleText } from "@retool-ts/runs";
import { renderRecord } from "@retool-ts/report";

/** Which rollouts to show; what is absent does not narrow the choice. */
export interface InspectOptions {
  readonly phase?: string;
  readonly step?: number;
  readonly problem?: string;
  readonly correct?: boolean;
  readonly limit: number;
}

export interface InspectOutput {
  /** One JSON object per rollout in place of text. */
  readonly json: boolean;
  readonly color: boolean;
  readonly print: (text: string) => void;
}

/**
 * Prints rollouts of a run, or of one trajectories file.
 *
 * @throws InputError when there is neither at `path`.
 */
export async function inspect(path: string, options: InspectOptions, { json, color, print }: InspectOutput): Promise<void> {
  let seen = 0;
  let fitting = 0;
  const phases = new Set<string>();
  for (const file of await trajectoryFilesAt(path)) {
    for (const record of await readTrajectories(file)) {
      seen++;
      phases.add(record.phase);
      if (!fits(record, options) || ++fitting > options.limit) continue;
      print(json ? JSON.stringify(record) : renderRecord(record, { color }));
    }
  }
  if (json) return;
  const known = phases.size === 0 ? "" : `; phases: ${[...phases].map((name) => visibleText(name)).join(", ")}`;
  print(`${Math.min(fitting, options.limit)} shown of ${fitting} that fit, of ${seen} rollouts${known}`);
}

async function trajectoryFilesAt(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() ? [path] : (await openRunFolder(path)).trajectoryFiles();
}

function fits(record: TrajectoryRecord, { phase, step, problem, correct }: InspectOptions): boolean {
  return (
    (phase === undefined || record.phase === phase) &&
    (step === undefined || record.step === step) &&
    (problem === undefined || record.problemId === problem) &&
    (correct === undefined || record.correct === correct)
  );
}
