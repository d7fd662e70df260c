import type { ToolUseMeasures } from "@retool-ts/rollout";
import { markup, type Html } from "./html.js";
import { percent, phaseTitle } from "./phase-title.js";
import type { AnalyzedStep, RunAnalysis } from "./run-analysis.js";
import { shortNumber } from "./scale.js";

interface Row {
  readonly name: string;
  readonly note: string;
  readonly unit: "share" | "number";
  readonly value: (measures: ToolUseMeasures) => number;
}

/** The paper's measures, in its order, with its definitions. */
const ROWS: readonly Row[] = [
  {
    name: "Response length",
    note: "mean tokens after the prompt, interpreter output included",
    unit: "number",
    value: (m) => m.responseTokens.all,
  },
  { name: "… of right answers", note: "", unit: "number", value: (m) => m.responseTokens.right },
  { name: "… of wrong answers", note: "", unit: "number", value: (m) => m.responseTokens.wrong },
  { name: "Code ratio", note: "share of responses that contain code", unit: "share", value: (m) => m.codeRatio },
  { name: "Code lines", note: "mean lines of code, over responses with code", unit: "number", value: (m) => m.codeLinesWithCode },
  { name: "Correct code count", note: "calls that ran without an error, over the whole set", unit: "number", value: (m) => m.correctCalls },
  {
    name: "Code pass rate",
    note: "share of responses with code whose last call ran without an error",
    unit: "share",
    value: (m) => m.lastCallPassRate.all,
  },
  { name: "… of right answers", note: "", unit: "share", value: (m) => m.lastCallPassRate.right },
  { name: "… of wrong answers", note: "", unit: "share", value: (m) => m.lastCallPassRate.wrong },
  { name: "Pass rate of all calls", note: "share of calls that ran without an error", unit: "share", value: (m) => m.callPassRate.all },
  {
    name: "Invocation timing",
    note: "start of the first call, as a share of the response",
    unit: "share",
    value: (m) => m.firstCallTiming,
  },
  { name: "Calls a response", note: "mean over all responses", unit: "number", value: (m) => m.callsPerRollout },
  { name: "Responses with a failing call", note: "share of all responses", unit: "share", value: (m) => m.failingShare },
  {
    name: "Self-corrections",
    note: "responses in which other code followed a failing call, ran, and the answer was right",
    unit: "number",
    value: (m) => m.selfCorrections,
  },
];

/** The first and the last evaluation side by side; nothing when no rollouts were kept. */
export function renderToolUse({ steps }: RunAnalysis): Html | undefined {
  const evaluations = steps.filter(({ phase }) => phase !== "train");
  const shown = evaluations.length > 0 ? evaluations : steps;
  const [before, after] = [shown[0], shown.at(-1)];
  if (before === undefined || after === undefined) return undefined;
  const columns = before === after ? [before] : [before, after];
  return markup`<div class="scroll">
      <table class="measures">
        <thead>
          <tr>
            <th>measure</th>
            ${columns.map((step) => markup`<th>${title(step)}</th>`)} ${columns.length > 1 ? markup`<th>change</th>` : undefined}
          </tr>
        </thead>
        <tbody>
          ${ROWS.map((row) => renderRow(row, columns))}
        </tbody>
      </table>
    </div>
    <p class="why">
      After section 3.3 of the paper (arXiv 2504.11536). Over all rollouts that the run kept of these evaluations:
      ${columns.map(({ measures }) => measures.rollouts).join(" and ")}.
    </p>`;
}

function title({ phase, step }: AnalyzedStep): string {
  return phase === "train" ? `${phaseTitle(phase)}, step ${step}` : phaseTitle(phase);
}

function renderRow({ name, note, unit, value }: Row, columns: readonly AnalyzedStep[]): Html {
  const values = columns.map(({ measures }) => value(measures));
  const show = (number: number) => (!Number.isFinite(number) ? "–" : unit === "share" ? percent(number) : shortNumber(number));
  const [first, last] = [values[0]!, values.at(-1)!];
  const change = columns.length > 1 ? markup`<td>${changeOf(last - first, unit)}</td>` : undefined;
  return markup`<tr>
    <th scope="row">${name}${note === "" ? undefined : markup` <small>${note}</small>`}</th>
    ${values.map((number) => markup`<td>${show(number)}</td>`)}${change}
  </tr>`;
}

function changeOf(difference: number, unit: Row["unit"]): string {
  if (!Number.isFinite(difference)) return "–";
  const sign = difference < 0 ? "−" : "+";
  const size = Math.abs(difference);
  if (size < 5e-4) return "0";
  return unit === "share" ? `${sign}${(100 * size).toFixed(1)} points` : `${sign}${shortNumber(size)}`;
}
