import { markup, type Html } from "./html.js";
import { problemFacts, renderBlock, renderRollout } from "./rollout-card.js";
import type { ProblemHistory, RunAnalysis } from "./run-analysis.js";
import { within } from "./within.js";

/** Rollouts of one problem that are shown; more are taken at even distances. */
const MOST_STEPS = 6;
/** Bytes of markup. */
const HISTORY_BYTES = 400_000;

/** The same problems at several checkpoints, side by side; nothing where none was rolled out at three or more. */
export function renderHistories({ histories }: RunAnalysis): Html | undefined {
  if (histories.length === 0) return undefined;
  return markup`<p>The first sample of the same problems at several checkpoints, oldest first.</p>
    ${within(
      HISTORY_BYTES,
      histories.map((history) => () => renderHistory(history)),
    )}`;
}

function renderHistory({ records }: ProblemHistory): Html {
  const shown = evenly(records);
  const first = records[0]!;
  return markup`<div class="pair">
    <p class="why">${problemFacts(first)}</p>
    ${renderBlock({ kind: "prompt", text: first.question })}
    <div class="strip">${shown.map((record) => renderRollout(record, { isSide: true }))}</div>
  </div>`;
}

/** First and last, and others at even distances between them. */
function evenly<T>(items: readonly T[]): T[] {
  if (items.length <= MOST_STEPS) return [...items];
  return Array.from({ length: MOST_STEPS }, (_, i) => items[Math.round((i * (items.length - 1)) / (MOST_STEPS - 1))]!);
}
