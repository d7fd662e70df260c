import { type LogRecord, openRunFolder, readTrajectories, type Summary } from "@retool-ts/runs";
import { RecordSample } from "./record-sample.js";
import { AnalysisCollector, CHECKPOINT_PHASE, type PurposeOf, type RunAnalysis } from "./run-analysis.js";

/** Material of a report. */
export interface RunData {
  readonly name: string;
  /** Absent while a run has not been evaluated. */
  readonly summary?: Summary;
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly metrics: readonly LogRecord[];
  readonly records: RecordSample;
  /** Tool use over all rollouts; absent when a caller has none. */
  readonly analysis?: RunAnalysis;
}

/**
 * Reads a run folder, one trajectories file at a time.
 *
 * @param purposeOf - names what code is for in place of the rules.
 * @throws InputError when there is no run at `path`.
 */
export async function loadRunData(path: string, purposeOf?: PurposeOf): Promise<RunData> {
  const run = await openRunFolder(path);
  const records = new RecordSample();
  const analysis = new AnalysisCollector(purposeOf);
  for (const file of await run.trajectoryFiles()) {
    for (const record of await readTrajectories(file)) {
      analysis.add(record);
      if (record.phase !== CHECKPOINT_PHASE) records.add(record);
    }
  }
  const summary = run.readSummary();
  const manifest = run.readManifest();
  return {
    name: run.name,
    ...(summary === undefined ? {} : { summary }),
    ...(manifest === undefined ? {} : { manifest }),
    metrics: run.readMetrics(),
    records,
    analysis: analysis.finish(),
  };
}
