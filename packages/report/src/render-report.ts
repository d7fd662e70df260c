import { renderCurves } from "./curves.js";
import { renderGroupBars } from "./group-bars.js";
import { renderHeadline } from "./headline.js";
import { markup, type Html } from "./markup.js";
import { renderPage, type Section } from "./page.js";
import { renderPairs, renderRollouts } from "./rollouts.js";
import { renderCorrections, renderHistories, renderPurposes } from "./analysis-sections.js";
import type { RunAnalysis } from "./run-analysis.js";
import type { RunData } from "./run-data.js";
import { renderFacts } from "./run-facts.js";
import { renderSettings } from "./run-settings.js";
import { renderToolUse } from "./tool-use.js";
import { renderToolUseCurves } from "./tool-use-curves.js";

/** The paper's analysis: measures before and after, over steps, purposes and self-corrections. */
function renderAnalysis(analysis: RunAnalysis): Html | undefined {
  const measures = renderToolUse(analysis);
  if (measures === undefined) return undefined;
  return markup`${measures}${renderPurposes(analysis)}${renderToolUseCurves(analysis)}
    <h3>Self-corrections</h3>
    ${renderCorrections(analysis)}`;
}

/** The run as one self-contained HTML page. Equal runs give equal pages. */
export function renderReport(run: RunData): string {
  const sections = [
    { id: "result", title: "Result", body: renderHeadline(run) },
    { id: "groups", title: "Families and levels", body: renderGroupBars(run.summary) },
    { id: "tool-use", title: "Tool use", body: run.analysis && renderAnalysis(run.analysis) },
    { id: "curves", title: "Curves", body: renderCurves(run.metrics) },
    { id: "settings", title: "Settings and prompt", body: renderSettings(run) },
    { id: "checkpoints", title: "One problem over training", body: run.analysis && renderHistories(run.analysis) },
    { id: "pairs", title: "Before and after", body: renderPairs(run) },
    { id: "rollouts", title: "Rollouts", body: renderRollouts(run) },
  ].filter((section): section is Section => section.body !== undefined);
  return renderPage(run.name, renderFacts(run), sections);
}
