import type { LogRecord } from "@retool-ts/runs";
import { chartFigure } from "./chart-figure.js";
import { chartsOf, metricNames, type CurveSource } from "./curve-series.js";
import { markup, type Html } from "./markup.js";
import { familyMember, type ChartSpec } from "./chart-spec.js";
import { CHARTS } from "./metric-catalogue.js";
import { phaseTitle } from "./phase-title.js";

/** Charts of metrics that the catalogue does not know; more are named but not drawn. */
const MOST_OTHERS = 24;

/** How curves are drawn. */
export interface CurveOptions {
  /** Charts that are known, in order; those of the catalogue by default. */
  readonly charts?: readonly ChartSpec[];
  /** Draw a trailing mean over many noisy steps: over a twentieth of them, which is the default, or over so many. */
  readonly smooth?: boolean | number;
  /** Count steps from the beginning of each phase, so that runs with cold starts of different lengths lie over each other. */
  readonly countsByPhase?: boolean;
  /** True for a page in which `showLive` draws the charts. */
  readonly isLive?: boolean;
}

const LIVE_HINT = " Drag along a chart, or press +, to see fewer steps; a double click, or 0, shows all again.";

/** Every metric of one run over its steps, by phase, each chart with a line on what it tells. */
export function renderCurves(metrics: readonly LogRecord[], options: CurveOptions = {}): Html {
  return renderRunCurves([{ name: "", records: metrics }], options);
}

/** Every metric of one or several runs. Of several, each metric has a chart of its own in which each run is a line, always of the same colour. */
export function renderRunCurves(runs: readonly CurveSource[], options: CurveOptions = {}): Html {
  if (runs.every(({ records }) => records.length === 0)) return markup`<p class="empty">No metrics have been logged.</p>`;
  const phases = [...new Set(runs.flatMap(({ records }) => records.map(phaseOf)))];
  // RL is what the reader came for; the rest follows in the order in which it happened.
  const order = phases.sort((a, b) => Number(isRl(b)) - Number(isRl(a)));
  return markup`<p class="why">
      ${options.countsByPhase === true ? "Steps are counted from the beginning of each phase." : "Steps are counted once, over all phases of a run."}
      Where there are many, faint lines are single steps and strong lines the mean of the last few. Point at a chart, or reach it with the tab
      key and press arrow keys, to read its values.${options.isLive === true ? LIVE_HINT : undefined}
    </p>
    ${order.map((phase) => renderPhase(phase, ofPhase(runs, phase), options))}`;
}

function phaseOf(record: LogRecord): string {
  return typeof record["phase"] === "string" ? record["phase"] : "";
}

function ofPhase(runs: readonly CurveSource[], phase: string): CurveSource[] {
  return runs.map(({ name, records }) => ({ name, records: records.filter((record) => phaseOf(record) === phase) }));
}

function isRl(phase: string): boolean {
  return phase === "rl" || phase === "train";
}

function renderPhase(phase: string, runs: readonly CurveSource[], options: CurveOptions): Html {
  const { charts = CHARTS, smooth = true, countsByPhase = false, isLive = false } = options;
  const names = metricNames(runs, phase);
  const counting = { phase, countsByPhase };
  const draw = (spec: ChartSpec) =>
    chartsOf(spec, names, runs, counting).map(({ series, ...texts }) => {
      const { unit, axis, explanation, isExact } = spec;
      const x = countsByPhase ? "step of this phase" : "step";
      return chartFigure(series, { ...texts, unit, axis, x, explanation, smooth: isExact !== true && smooth, isLive });
    });
  const known = charts.map((spec) => ({ spec, drawn: draw(spec) }));
  const charted = new Set(charts.flatMap((spec) => names.filter((name) => specHas(spec, name))));
  const others = names.filter((name) => !charted.has(name)).sort();
  const drawn = others.slice(0, MOST_OTHERS).map((name) => {
    return draw({ title: name, axis: name, series: { [name]: name }, unit: "number", explanation: "Logged by this run." });
  });
  const rest =
    others.length > MOST_OTHERS ? markup`<p>Not drawn: ${others.slice(MOST_OTHERS, MOST_OTHERS + 100).join(", ")}.</p>` : undefined;
  const more =
    others.length === 0
      ? undefined
      : markup`<details>
          <summary>${others.length} more metrics</summary>
          <div class="charts">${drawn}</div>
          ${rest}
        </details>`;
  const count = Math.max(...runs.map(({ records }) => records.length));
  return markup`<h3>${phase === "" ? "Metrics" : phaseTitle(phase)} <small>${count} steps</small></h3>
    <div class="charts">${known.map(({ drawn: figures }) => figures)}</div>
    ${more}`;
}

function specHas({ series, undrawn = [] }: ChartSpec, name: string): boolean {
  const names = [...Object.keys(series), ...undrawn];
  return names.some((known) => known === name || familyMember(known, name) !== undefined);
}
