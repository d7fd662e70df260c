import { exampleSummary } from "../../runs/test/example-run.js";
import type { TrajectoryRecord } from "@retool-ts/runs";
import { RecordSample } from "./record-sample.js";
import { renderReport } from "./render-report.js";
import { AnalysisCollector } from "./run-analysis.js";
import type { RunData } from "./run-data.js";

/** A run that kept these rollouts. */
export function runWith(records: readonly TrajectoryRecord[], more: Partial<RunData> = {}): RunData {
  const sample = new RecordSample();
  const analysis = new AnalysisCollector();
  for (const record of records) {
    sample.add(record);
    analysis.add(record);
  }
  return { name: "run", summary: exampleSummary(), metrics: [], records: sample, analysis: analysis.finish(), ...more };
}

/** Without the white space between elements, which no reader sees. */
export function pageOf(run: RunData): string {
  return renderReport(run).replace(/\s+/g, " ").replaceAll("> <", "><").replaceAll(" >", ">");
}
