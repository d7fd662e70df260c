import { blocksOf, type Block } from "@retool-ts/runs";
import { markup, type Html } from "./html.js";
import { phaseTitle } from "./phase-title.js";
import { problemFacts, renderBlock } from "./rollout-card.js";
import type { CorrectionCase, RunAnalysis } from "./run-analysis.js";
import { within } from "./within.js";

/** Bytes of markup. */
const CASE_BYTES = 300_000;

/** Cases in which the model put its own failing code right, with the text in between. */
export function renderCorrections({ corrections, correctionCount }: RunAnalysis): Html {
  if (correctionCount === 0)
    return markup`<p class="why">No self-correction: no failing call was followed by other code that ran and a right answer.</p>`;
  const cases = within(
    CASE_BYTES,
    corrections.map((found) => () => renderCase(found)),
  );
  return markup`<p>
      ${correctionCount} ${correctionCount === 1 ? "time" : "times"} a failing call was followed by other code that ran, and the answer was
      right. ${cases.length} of them, those with the longest code first:
    </p>
    <div class="rollouts">${cases}</div>`;
}

function renderCase(found: CorrectionCase): Html {
  const { record } = found;
  return markup`<article class="rollout">
    <header><span>${phaseTitle(record.phase)}, step ${record.step} · ${problemFacts(record)}</span></header>
    ${renderBlock({ kind: "prompt", text: record.question })} ${excerpt(found).map(renderBlock)}
  </article>`;
}

/** From the failing code to the output of the code that replaced it. */
function excerpt({ record, failed, corrected }: CorrectionCase): Block[] {
  const blocks = blocksOf(record);
  const placeOf = (kind: Block["kind"], index: number) =>
    blocks.flatMap((block, place) => (block.kind === kind ? [place] : []))[index] ?? blocks.length - 1;
  return blocks.slice(placeOf("code", failed), placeOf("output", corrected) + 1);
}
