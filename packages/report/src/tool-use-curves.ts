import type { ToolUseMeasures } from "@retool-ts/rollout";
import { markup, type Html } from "./markup.js";
import { chartFigure } from "./chart-figure.js";
import type { Series } from "./series.js";
import type { AnalyzedStep, RunAnalysis } from "./run-analysis.js";

interface Curve {
  readonly title: string;
  readonly axis: string;
  readonly unit: "share" | "number";
  readonly explanation: string;
  readonly lines: Readonly<Record<string, (measures: ToolUseMeasures) => number>>;
}

const CURVES: readonly Curve[] = [
  {
    title: "Code pass rate, right and wrong answers",
    axis: "last call ran, % of responses with code",
    unit: "share",
    explanation:
      "Share of responses with code whose last call ran. The paper's stays near 100 % for right answers and falls for wrong ones.",
    lines: { "right answers": (m) => m.lastCallPassRate.right, "wrong answers": (m) => m.lastCallPassRate.wrong },
  },
  {
    title: "Length, right and wrong answers",
    axis: "tokens per response",
    unit: "number",
    explanation: "Mean tokens of a response. The paper's falls steeply while code takes over from calculation by hand, then rises slowly.",
    lines: { "right answers": (m) => m.responseTokens.right, "wrong answers": (m) => m.responseTokens.wrong },
  },
  {
    title: "Code lines",
    axis: "lines per response with code",
    unit: "number",
    explanation: "Mean lines that are not blank, over responses with code. The paper's grow fivefold.",
    lines: { lines: (m) => m.codeLinesWithCode },
  },
  {
    title: "Calls that ran, per response",
    axis: "calls per response",
    unit: "number",
    explanation: "The paper's correct code count, divided by the number of responses so that steps with different numbers compare.",
    lines: { calls: (m) => m.correctCalls / m.rollouts },
  },
  {
    title: "Invocation timing",
    axis: "% of the response",
    unit: "share",
    explanation: "Where the first and the average call begin in a response. The paper's moves forward.",
    lines: { "first call": (m) => m.firstCallTiming, "all calls": (m) => m.callTiming },
  },
  {
    title: "Failing and corrected",
    axis: "% of responses",
    unit: "share",
    explanation: "Share of responses with a failing call, and of those that corrected it and answered right.",
    lines: { "with a failing call": (m) => m.failingShare, corrected: (m) => m.selfCorrections / m.rollouts },
  },
];

/** The paper's measures over the steps whose rollouts were kept; nothing for fewer than two. */
export function renderToolUseCurves({ steps }: RunAnalysis): Html | undefined {
  const training = steps.filter(({ phase }) => phase === "train");
  if (training.length < 2) return undefined;
  return markup`<h3>Over the rollouts of ${training.length} training steps</h3>
    <div class="charts">${CURVES.map((curve) => renderCurve(curve, training))}</div>`;
}

function renderCurve({ lines, ...texts }: Curve, steps: readonly AnalyzedStep[]): Html {
  const series: Series[] = Object.entries(lines).map(([name, value]) => ({
    name,
    points: steps.map(({ step, measures }) => ({ x: step, y: value(measures) })),
  }));
  return chartFigure(series, { ...texts, smooth: false });
}
