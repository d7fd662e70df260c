import { blocksOf, type Block } from "@retool-ts/runs";
import { CODE_PURPOSES } from "@retool-ts/rollout";
import { type Html, markup } from "./markup.js";
import { percent, phaseTitle } from "./phase-title.js";
import { problemFacts, renderBlock, renderPrompt, renderRollout } from "./rollout-card.js";
import type { AnalyzedStep, CorrectionCase, ProblemHistory, RunAnalysis } from "./run-analysis.js";

/** Rollouts of one problem that are shown; more are taken at even distances. */
const MOST_STEPS = 6;
/** Bytes of markup. */
const HISTORY_BYTES = 400_000;

/** The same problems at several checkpoints, side by side; nothing where none was rolled out at three or more. */
export function renderHistories({ histories }: Pick<RunAnalysis, "histories">): Html | undefined {
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
    ${renderPrompt(first)}
    <div class="strip" tabindex="0" role="region" aria-label="One problem at several checkpoints">${shown.map((record) => renderRollout(record, { isSide: true }))}</div>
  </div>`;
}

/** First and last, and others at even distances between them. */
function evenly<T>(items: readonly T[]): T[] {
  if (items.length <= MOST_STEPS) return [...items];
  return Array.from({ length: MOST_STEPS }, (_, i) => items[Math.round((i * (items.length - 1)) / (MOST_STEPS - 1))]!);
}

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
    ${renderPrompt(record)} ${excerpt(found).map(renderBlock)}
  </article>`;
}

/** From the failing code to the output of the code that replaced it. */
function excerpt({ record, failed, corrected }: CorrectionCase): Block[] {
  const blocks = blocksOf(record);
  const placeOf = (kind: Block["kind"], index: number) =>
    blocks.flatMap((block, place) => (block.kind === kind ? [place] : []))[index] ?? blocks.length - 1;
  return blocks.slice(placeOf("code", failed), placeOf("output", corrected) + 1);
}

/** Purposes of the code, in the first and the last evaluation; nothing without code. */
export function renderPurposes({ steps }: RunAnalysis): Html | undefined {
  const evaluations = steps.filter(({ phase }) => phase !== "train");
  const shown = evaluations.length > 0 ? evaluations : steps;
  const columns = [...new Set([shown[0], shown.at(-1)])].filter((step) => step !== undefined && callsOf(step) > 0) as AnalyzedStep[];
  if (columns.length === 0) return undefined;
  const share = (step: AnalyzedStep, purpose: (typeof CODE_PURPOSES)[number]) => (step.purposes[purpose] ?? 0) / callsOf(step);
  const names = CODE_PURPOSES.filter((purpose) => columns.some((step) => share(step, purpose) > 0)).sort(
    (a, b) => share(columns.at(-1)!, b) - share(columns.at(-1)!, a),
  );
  const style = (index: number) => columns.length - 1 - index;
  const rows = names.map(
    (name) =>
      markup`<div class="row">
        <div class="name">${name}</div>
        <div>${columns.map((step, i) => purposeBar(phaseTitle(step.phase), share(step, name), step.purposes[name] ?? 0, style(i)))}</div>
      </div>`,
  );
  return markup`<figure class="chart">
    <figcaption><b>What the code is for</b></figcaption>
    <p class="legend">
      ${columns.map((step, i) => markup`<span><i class="swatch b${style(i)}"></i>${phaseTitle(step.phase)}, ${callsOf(step)} calls</span>`)}
    </p>
    ${rows}
    <p class="axis">Bars: share of the calls of an evaluation, 0 to 100 %; behind it their number.</p>
    <p class="why">
      Each call is given one purpose: by fixed rules over its words and structure and the text before it, or by a language model where the report was given one. The paper asked a model
      for labels; shares compare within a run, not with its figures.
    </p>
  </figure>`;
}

function callsOf({ purposes }: AnalyzedStep): number {
  return Object.values(purposes).reduce((sum, count) => sum + count, 0);
}

function purposeBar(evaluation: string, share: number, count: number, kind: number): Html {
  return markup`<div class="track">
    <i class="fill b${kind}" style="width:${(100 * share).toFixed(1)}%"></i><span><b class="sr">${evaluation}: </b>${percent(share)} <small>${count}</small></span>
  </div>`;
}

/** As many of the parts as fit, made one after the other; never less than one. */
export function within(bytes: number, parts: readonly (() => Html)[]): Html[] {
  const made: Html[] = [];
  let used = 0;
  for (const part of parts) {
    const next = part();
    used += Buffer.byteLength(next.markup);
    if (used > bytes && made.length > 0) break;
    made.push(next);
  }
  return made;
}
