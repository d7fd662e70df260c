import type { GroupAccuracy, Summary } from "@retool-ts/runs";
import { markup, type Html } from "./markup.js";
import { percent, phaseTitle } from "./phase-title.js";

const MOST_GROUPS = 60;
const MOST_PHASES = 4;

/** Accuracy of every family, level and length of numbers in the first and last phases, side by side. */
export function renderGroupBars(summary: Summary | undefined): Html | undefined {
  const phases = Object.entries(summary?.phases ?? {});
  const shown = phases.length <= MOST_PHASES ? phases : [phases[0]!, ...phases.slice(1 - MOST_PHASES)];
  return renderColumns(shown.map(([name, { families, levels, digits }]) => ({ name: phaseTitle(name), families, levels, digits })));
}

/** Accuracies of one evaluation, by family, by level, and by digits of the longest number in the question. */
export interface GroupColumn {
  readonly name: string;
  readonly families?: Readonly<Record<string, GroupAccuracy>> | undefined;
  readonly levels?: Readonly<Record<string, GroupAccuracy>> | undefined;
  readonly digits?: Readonly<Record<string, GroupAccuracy>> | undefined;
}

/** Bars of every family, level and length, one per evaluation, at most four; the last stands out. */
export function renderColumns(evaluations: readonly GroupColumn[]): Html | undefined {
  const charts = [
    ["By family", "families"],
    ["By level", "levels"],
    ["By digits of the longest number", "digits"],
  ] as const;
  const drawn = charts.flatMap(([title, key]) => {
    const columns = evaluations.flatMap(({ name, [key]: groups }) => (groups === undefined ? [] : [{ name, groups }]));
    const names = [...new Set(columns.flatMap(({ groups }) => Object.keys(groups)))].sort((a, b) =>
      a.localeCompare(b, "en", { numeric: true }),
    );
    return names.length === 0 ? [] : [barChart(title, names, columns)];
  });
  return drawn.length === 0 ? undefined : markup`<div class="bars">${drawn}</div>`;
}

interface Column {
  readonly name: string;
  readonly groups: Readonly<Record<string, GroupAccuracy>>;
}

function barChart(title: string, names: readonly string[], columns: readonly Column[]): Html {
  const legend = markup`<p class="legend">
    ${columns.map(({ name }, i) => markup`<span><i class="swatch b${style(i, columns.length)}"></i>${name}</span>`)}
  </p>`;
  const rows = names.slice(0, MOST_GROUPS).map((name) => {
    const bars = columns.map(({ name: evaluation, groups }, i) =>
      bar(evaluation, Object.hasOwn(groups, name) ? groups[name] : undefined, style(i, columns.length)),
    );
    return markup`<div class="row">
      <div class="name">${name}</div>
      <div>${bars}</div>
    </div>`;
  });
  const left = names.length > MOST_GROUPS ? markup`<p class="why">${names.length - MOST_GROUPS} more are left out.</p>` : undefined;
  return markup`<figure class="chart">
    <figcaption><b>${title}</b></figcaption>
    ${legend}${rows}${left}
    <p class="axis">Bars: share of right answers, 0 to 100 %; behind it the number of problems.</p>
  </figure>`;
}

/** The last phase is solid, the one before it striped, so that they differ without colour. */
function style(index: number, count: number): number {
  return count - 1 - index;
}

function bar(evaluation: string, group: GroupAccuracy | undefined, kind: number): Html {
  if (group === undefined) return markup`<div class="track"><span><b class="sr">${evaluation}: </b>–</span></div>`;
  const width = Number((100 * Math.min(1, Math.max(0, group.accuracy))).toFixed(1));
  return markup`<div class="track">
    <i class="fill b${kind}" style="width:${width}%"></i><span><b class="sr">${evaluation}: </b>${percent(group.accuracy, 0)} <small>of ${group.n}</small></span>
  </div>`;
}
