import type { RunData } from "./run-data.js";

/** Figures of a report, for programs. */
export function analysisJson({ name, summary, analysis }: RunData): string {
  const corrections = analysis?.corrections.map(({ record, failed, corrected }) => {
    const { phase, step, problemId, sampleIndex, toolCalls } = record;
    const show = ({ input, result, status }: (typeof toolCalls)[number]) => ({ code: input, result, status });
    return { phase, step, problemId, sampleIndex, failed: show(toolCalls[failed]!), corrected: show(toolCalls[corrected]!) };
  });
  return JSON.stringify(
    { name, phases: summary?.phases ?? {}, steps: analysis?.steps ?? [], selfCorrections: analysis?.correctionCount ?? 0, corrections },
    null,
    2,
  );
}
