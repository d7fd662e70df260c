import type { ToolUseMeasures } from "@retool-ts/rollout";
import { valueText } from "./chart-text.js";
import type { ChartUnit } from "./series.js";
import { markup, type Html, type HtmlValue } from "./markup.js";
import { phaseTitle } from "./phase-title.js";
import type { AnalyzedStep, RunAnalysis } from "./run-analysis.js";
import { shortNumber } from "./scale.js";
import { renderTable } from "./table.js";

type Unit = ChartUnit;
type Row = readonly [name: string, note: string, unit: Unit, value: (measures: ToolUseMeasures) => number];

/** The paper's measures, in its order, with its definitions. */
const ROWS: readonly Row[] = [
  ["Response length", "mean tokens after the prompt, interpreter output included", "number", (m) => m.responseTokens.all],
  ["… of right answers", "", "number", (m) => m.responseTokens.right],
  ["… of wrong answers", "", "number", (m) => m.responseTokens.wrong],
  ["Code ratio", "share of responses that contain code", "share", (m) => m.codeRatio],
  ["Code lines", "mean lines of code, over responses with code", "number", (m) => m.codeLinesWithCode],
  ["Correct code count", "calls that ran without an error, over the whole set", "number", (m) => m.correctCalls],
  ["Code pass rate", "share of responses with code whose last call ran without an error", "share", (m) => m.lastCallPassRate.all],
  ["… of right answers", "", "share", (m) => m.lastCallPassRate.right],
  ["… of wrong answers", "", "share", (m) => m.lastCallPassRate.wrong],
  ["Pass rate of all calls", "share of calls that ran without an error", "share", (m) => m.callPassRate.all],
  ["Invocation timing", "start of the first call, as a share of the response", "share", (m) => m.firstCallTiming],
  ["Calls per response", "mean over all responses", "number", (m) => m.callsPerRollout],
  ["Responses with a failing call", "share of all responses", "share", (m) => m.failingShare],
  [
    "Self-corrections",
    "responses in which other code followed a failing call, ran, and the answer was right",
    "number",
    (m) => m.selfCorrections,
  ],
];

/** The first and the last evaluation side by side; nothing when no rollouts were kept. */
export function renderToolUse({ steps }: RunAnalysis): Html | undefined {
  const evaluations = steps.filter(({ phase }) => phase !== "train");
  const shown = evaluations.length > 0 ? evaluations : steps;
  const [before, after] = [shown[0], shown.at(-1)];
  if (before === undefined || after === undefined) return undefined;
  const columns = before === after ? [before] : [before, after];
  const headings = ["measure", ...columns.map(title), ...(columns.length > 1 ? ["change"] : [])];
  return markup`${renderTable(
    headings,
    ROWS.map((row) => rowOf(row, columns)),
    { label: "Measures of tool use", kind: "measures" },
  )}
    <p class="why">
      After section 3.3 of the paper (arXiv 2504.11536). Over all rollouts that the run kept of these evaluations:
      ${columns.map(({ measures }) => measures.rollouts).join(" and ")}.
    </p>`;
}

function title({ phase, step }: AnalyzedStep): string {
  return phase === "train" ? `${phaseTitle(phase)}, step ${step}` : phaseTitle(phase);
}

function rowOf([name, note, unit, value]: Row, columns: readonly AnalyzedStep[]): readonly HtmlValue[] {
  const values = columns.map(({ measures }) => value(measures));
  const change = columns.length > 1 ? [changeOf(values.at(-1)! - values[0]!, unit)] : [];
  const heading = markup`${name}${note === "" ? undefined : markup` <small>${note}</small>`}`;
  return [heading, ...values.map((number) => valueText(number, unit)), ...change];
}

function changeOf(difference: number, unit: Unit): string {
  if (!Number.isFinite(difference)) return "–";
  const sign = difference < 0 ? "−" : "+";
  const size = Math.abs(difference);
  if (size < 5e-4) return "0";
  return unit === "share" ? `${sign}${(100 * size).toFixed(1)} points` : `${sign}${shortNumber(size)}`;
}
