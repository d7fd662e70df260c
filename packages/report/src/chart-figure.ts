import { chartTable, valueText } from "./chart-text.js";
import { chartDescription, type LineChartOptions } from "./chart-description.js";
import { lineChart, NO_VALUE } from "./line-chart.js";
import type { Series } from "./series.js";
import { markup, type Html } from "./markup.js";

/** What stands around a chart. */
export interface ChartFigureOptions extends LineChartOptions {
  /** What the chart tells. */
  readonly explanation?: string;
  /** Names of the lines where they are not those of the series. */
  readonly legend?: readonly { readonly name: string; readonly style: number }[];
  /** True for a page in which `showLive` draws the chart; an SVG by default, for pages that are read without their script. */
  readonly isLive?: boolean;
}

/** A chart with its caption, its readout, a legend, what it tells, and its values as a table. */
export function chartFigure(series: readonly Series[], options: ChartFigureOptions): Html {
  const { title, unit, x = "step", explanation } = options;
  const last = series.length === 1 ? series[0]!.points.findLast(({ y }) => Number.isFinite(y))?.y : undefined;
  const legend = options.legend ?? (series.length < 2 ? [] : series.map(({ name, style }, i) => ({ name, style: style ?? i })));
  return markup`<figure class="chart">
    <figcaption><b>${title}</b><output>${last === undefined ? "" : `last ${valueText(last, unit)}`}</output></figcaption>
    ${options.isLive === true ? livePlace(series, options) : lineChart(series, options)}
    ${
      legend.length === 0
        ? undefined
        : markup`<p class="legend">${legend.map(({ name, style }) => markup`<span><i class="key s${style % 6}"></i>${name}</span>`)}</p>`
    }
    ${explanation === undefined ? undefined : markup`<p class="why">${explanation}</p>`}
    ${chartTable(series, { title, unit, x })}
  </figure>`;
}

/** The place of a live chart, with all that is drawn in it and itself in words. */
function livePlace(series: readonly Series[], options: LineChartOptions): Html {
  const chart = chartDescription(series, options);
  if (chart === undefined) return NO_VALUE;
  return markup`<div class="plot" role="img" aria-label="${chart.words}" data-chart="${JSON.stringify(chart)}"><p class="axis">${chart.axis}</p></div>`;
}
