import { type LogRecord, openRunFolder, readTrajectories, type Summary } from "@retool-ts/runs";
import { RecordSample } from "./record-sample.js";
import { AnalysisCollector, CHECKPOINT_PHASE, type PurposeOf, type RunAnalysis } from "./run-analysis.js";

/** Material of a report. */
export interface RunData {
  readonly name: string;
  /** Absent while a run has not been evaluated. */
  readonly summary?: Summary;
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** `config.yaml` as it is, and what a parser made of it. */
  readonly configText?: string;
  readonly config?: unknown;
  readonly metrics: readonly LogRecord[];
  readonly records: RecordSample;
  /** Tool use over all rollouts; absent when a caller has none. */
  readonly analysis?: RunAnalysis;
}

/** How a run is read. */
export interface LoadOptions {
  /** Names what code is for in place of the rules. */
  readonly purposeOf?: PurposeOf | undefined;
  /** Reads `config.yaml`; without it, the config is shown as its text, and the head has no hyperparameters. */
  readonly parseConfig?: ((text: string) => unknown) | undefined;
}

/**
 * Reads a run folder, one trajectories file at a time.
 *
 * @throws InputError when there is no run at `path`, or a file of it is not what a run writes.
 */
export async function loadRunData(path: string, { purposeOf, parseConfig }: LoadOptions = {}): Promise<RunData> {
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
  const configText = run.readConfig();
  const config = configText === undefined ? undefined : parsed(configText, parseConfig);
  return {
    name: run.name,
    ...(configText === undefined ? {} : { configText }),
    ...(config === undefined ? {} : { config }),
    ...(summary === undefined ? {} : { summary }),
    ...(manifest === undefined ? {} : { manifest }),
    metrics: run.readMetrics(),
    records,
    analysis: analysis.finish(),
  };
}

/** A config that cannot be read is shown as text. */
function parsed(text: string, parseConfig: LoadOptions["parseConfig"]): unknown {
  try {
    return parseConfig?.(text);
  } catch {
    return undefined;
  }
}
