import { CODE_PURPOSES } from "@retool-ts/rollout";
import { markup, type Html } from "./html.js";
import { percent, phaseTitle } from "./phase-title.js";
import type { AnalyzedStep, RunAnalysis } from "./run-analysis.js";

/** What code is for, in the first and the last evaluation; nothing without code. */
export function renderPurposes({ steps }: RunAnalysis): Html | undefined {
  const evaluations = steps.filter(({ phase }) => phase !== "train");
  const shown = evaluations.length > 0 ? evaluations : steps;
  const columns = [...new Set([shown[0], shown.at(-1)])].filter((step) => step !== undefined && total(step) > 0) as AnalyzedStep[];
  if (columns.length === 0) return undefined;
  const share = (step: AnalyzedStep, purpose: (typeof CODE_PURPOSES)[number]) => (step.purposes[purpose] ?? 0) / total(step);
  const names = CODE_PURPOSES.filter((purpose) => columns.some((step) => share(step, purpose) > 0)).sort(
    (a, b) => share(columns.at(-1)!, b) - share(columns.at(-1)!, a),
  );
  const style = (index: number) => columns.length - 1 - index;
  const rows = names.map(
    (name) =>
      markup`<div class="row">
        <div class="name">${name}</div>
        <div>${columns.map((step, i) => bar(share(step, name), step.purposes[name] ?? 0, style(i)))}</div>
      </div>`,
  );
  return markup`<figure class="chart">
    <figcaption><b>What the code is for</b></figcaption>
    <p class="legend">
      ${columns.map((step, i) => markup`<span><i class="swatch b${style(i)}"></i>${phaseTitle(step.phase)}, ${total(step)} calls</span>`)}
    </p>
    ${rows}
    <p class="why">
      Each call is given one purpose: by fixed rules over its words and structure and the text before it, or by a language model where the report was made with --label-endpoint. The paper asked a model
      for labels; shares compare within a run, not with its figures.
    </p>
  </figure>`;
}

function total({ purposes }: AnalyzedStep): number {
  return Object.values(purposes).reduce((sum, count) => sum + count, 0);
}

function bar(share: number, count: number, kind: number): Html {
  return markup`<div class="track">
    <i class="fill b${kind}" style="width:${(100 * share).toFixed(1)}%"></i><span>${percent(share)} <small>${count}</small></span>
  </div>`;
}
