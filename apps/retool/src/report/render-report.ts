import { renderCurves } from "./curves.js";
import { renderGroupBars } from "./group-bars.js";
import { renderFacts, renderHeadline } from "./headline.js";
import { renderPage, type Section } from "./page.js";
import { renderPairs, renderRollouts } from "./rollouts.js";
import type { RunData } from "./run-data.js";

/** The run as one self-contained HTML page. Equal runs give equal pages. */
export function renderReport(run: RunData): string {
  const sections = [
    { id: "result", title: "Result", body: renderHeadline(run) },
    { id: "groups", title: "Families and levels", body: renderGroupBars(run.summary) },
    { id: "curves", title: "Curves", body: renderCurves(run.metrics) },
    { id: "pairs", title: "Before and after", body: renderPairs(run) },
    { id: "rollouts", title: "Rollouts", body: renderRollouts(run) },
  ].filter((section): section is Section => section.body !== undefined);
  return renderPage(run.name, renderFacts(run), sections);
}
