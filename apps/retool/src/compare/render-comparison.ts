import { chartFigure, type Html, markup, renderColumns, renderPage, renderTable, type Section, type Series } from "@retool-ts/report";
import { ARM_NAMES, ARM_TITLES } from "./arms.js";
import { groupTable, outcomeTable, seedTable, type Table } from "./compare-tables.js";
import type { ComparisonResult } from "./comparison.js";
import { type CurvePoint, listText } from "./figures.js";
import { answerObjections } from "./objections.js";
import { learningCurveSentences } from "./learning-curve-text.js";
import { verdictSentences } from "./verdict.js";

/** The comparison as one self-contained HTML page. */
export function renderComparison(result: ComparisonResult): string {
  const sections: Section[] = [
    { id: "result", title: "Result", body: renderResult(result) },
    { id: "curves", title: "Learning curves", body: renderCurves(result) },
    { id: "groups", title: "Levels and families", body: renderGroups(result) },
    { id: "sceptic", title: "What a sceptic will say", body: renderAnswers(result) },
  ];
  return renderPage("Tool RL against text-only RL", renderFacts(result), sections);
}

function renderFacts({ plan, runs }: ComparisonResult): Html {
  const facts: [string, string][] = [
    ["seeds", listText(plan.seeds)],
    ["model", `${runs[0]!.parameters.toLocaleString("en-US")} parameters`],
    ["backend", listText([...new Set(runs.map(({ backend }) => backend))])],
    ["RL steps", String(runs[0]!.rl.steps)],
    ...(plan.set.length === 0 ? [] : [["settings", plan.set.join(" ")] as [string, string]]),
  ];
  return markup`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        markup`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function renderResult(result: ComparisonResult): Html {
  return markup`${verdictSentences(result).map((sentence) => markup`<p class="verdict">${sentence}</p>`)}
    ${tableOf(outcomeTable(result), "Outcome by arm")}
    <p class="why">
      Mean over seeds ± half of the 95 % interval of the mean (Student's t). The cold starts have equal numbers of SFT steps and rows, the
      third arm three times as many; SFT tokens count prompts and interpreter text, not padding. All arms share model, problems, RL steps,
      rollouts, optimizer and the limit of tokens. Code ratio: share of responses with code. Tokens: mean length of a response.
    </p>
    ${tableOf(seedTable(result), "Outcome by seed")}`;
}

function renderCurves(result: ComparisonResult): Html {
  const charts = [
    { title: "Held-out accuracy", axis: "right answers, % of problems", unit: "share", value: (point: CurvePoint) => point.accuracy },
    { title: "Held-out code ratio", axis: "with code, % of responses", unit: "share", value: (point: CurvePoint) => point.codeRatio },
    { title: "Held-out response length", axis: "tokens per response", unit: "number", value: (point: CurvePoint) => point.responseTokens },
  ] as const;
  const legend = result.arms.map(({ arm, title }) => ({ name: title, style: styleOf(arm) }));
  return markup`<p class="why">Strong lines are means over seeds, faint ones the seeds. Step 0 is the cold start. Point at a chart, or reach it with the tab key and press arrow keys, to read its values.</p>
    <div class="charts">
      ${charts.map(({ value, ...texts }) => chartFigure(seriesOf(result, value), { ...texts, x: "RL step", smooth: false, legend }))}
    </div>
    ${learningCurveSentences(result).map((sentence) => markup`<p>${sentence}</p>`)}`;
}

/** Colours by arm, whichever arms there are. */
function styleOf(arm: (typeof ARM_NAMES)[number]): number {
  return ARM_NAMES.indexOf(arm);
}

function seriesOf({ arms, runs }: ComparisonResult, value: (point: CurvePoint) => number): Series[] {
  const seeds = runs.map(({ arm, seed, curve }) => ({
    name: `${ARM_TITLES[arm]}, seed ${seed}`,
    points: curve.map((point) => ({ x: point.step, y: value(point) })),
    style: styleOf(arm),
    isFaint: true,
  }));
  const means = arms.map(({ arm, title }) => {
    const curves = runs.filter((run) => run.arm === arm).map(({ curve }) => curve);
    const points = curves[0]!.map(({ step }, i) => ({
      x: step,
      y: curves.reduce((sum, curve) => sum + value(curve[i]!), 0) / curves.length,
    }));
    return { name: title, points, style: styleOf(arm) };
  });
  return [...(seeds.length > means.length ? seeds : []), ...means];
}

function renderGroups(result: ComparisonResult): Html {
  const counts = result.runs[0]!.final;
  const columns = [...result.arms].reverse().map(({ title, families, levels }) => {
    const accuracies = (groups: typeof families, sizes: typeof counts.families) =>
      Object.fromEntries(Object.entries(groups).map(([name, { mean }]) => [name, { n: sizes?.[name]?.n ?? 0, accuracy: mean }]));
    return { name: title, families: accuracies(families, counts.families), levels: accuracies(levels, counts.levels) };
  });
  return markup`${renderColumns(columns)}${tableOf(groupTable(result), "Accuracy by level and family")}`;
}

function renderAnswers(result: ComparisonResult): Html {
  return markup`${answerObjections(result).map(
    ({ objection, sentences }) =>
      markup`<h3>“${objection}”</h3>
        ${sentences.map((sentence) => markup`<p>${sentence}</p>`)}`,
  )}`;
}

function tableOf([headings, ...rows]: Table, label: string): Html {
  return renderTable(headings!, rows, { label });
}
