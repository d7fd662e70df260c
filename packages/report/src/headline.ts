import type { PhaseSummary, Summary } from "@retool-ts/runs";
import { markup, type Html, type HtmlValue } from "./markup.js";
import { percent, phaseTitle, phaseWords } from "./phase-title.js";
import type { RunData } from "./run-data.js";
import { renderTable } from "./table.js";

/** Below this, right answers are too few to say anything about learning. */
const NEAR_ZERO = 0.02;

/** Result of the run, in words and as a table of its phases. */
export function renderHeadline({ summary }: RunData): Html {
  const phases = Object.entries(summary?.phases ?? {});
  if (phases.length === 0)
    return markup`<p class="notice">This run has no evaluation yet: it was stopped before one, or is still going.</p>`;
  return markup`${verdictSentences(summary!).map((sentence) => markup`<p class="verdict">${sentence}</p>`)}
    ${renderTable(
      ["phase", "accuracy", "95 % interval", "problems", "code ratio", "code pass rate", "turns", "tokens"],
      phases.map(([name, phase]) => phaseRow(name, phase)),
      { label: "Results by phase" },
    )}
    <p class="why">
      Code ratio: share of responses with code. Code pass rate: share of those whose last call ran without an error. Tokens: mean length of
      a response, interpreter output included.
    </p>`;
}

function phaseRow(name: string, phase: PhaseSummary): readonly HtmlValue[] {
  const [low, high] = phase.ci95;
  const mean = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : "–");
  return [
    phaseTitle(name),
    markup`<b>${percent(phase.accuracy)}</b>`,
    `${percent(low)} to ${percent(high)}`,
    phase.n,
    percent(phase.codeRatio),
    percent(phase.codePassRate),
    mean(phase.meanTurns),
    mean(phase.meanTokens),
  ];
}

/** The outcome in plain sentences; the first says what happened to the accuracy. */
export function verdictSentences({ phases, model }: Summary): string[] {
  const entries = Object.entries(phases);
  const [firstName, first] = entries[0]!;
  const [lastName, last] = entries.at(-1)!;
  if (entries.every(([, { accuracy }]) => accuracy < NEAR_ZERO)) {
    return [
      `Accuracy is near zero: ${percent(last.accuracy)} of the answers to ${last.n} problems were right.`,
      `These figures show that every part of the run works, from rollouts to weights. They do not show a model that can solve these problems: ` +
        `${model.parameters === null ? "it" : `one with ${formatCount(model.parameters)} parameters`} may be too small for them, or the reward too rare to learn from. Differences between phases at this level are chance.`,
    ];
  }
  if (entries.length === 1)
    return [`${phaseTitle(firstName)}: ${percent(first.accuracy)} of the answers to ${first.n} problems were right.`];
  const points = 100 * (last.accuracy - first.accuracy);
  const overlap = last.ci95[0] <= first.ci95[1] && first.ci95[0] <= last.ci95[1];
  const change = `Accuracy went from ${percent(first.accuracy)} (${phaseWords(firstName)}) to ${percent(last.accuracy)} (${phaseWords(lastName)}): ${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1)} points.`;
  const certainty = overlap ? "The 95 % intervals overlap, so this may be chance." : "The 95 % intervals do not overlap.";
  return [`${change} ${certainty}`, `Responses with code: ${percent(first.codeRatio)} before, ${percent(last.codeRatio)} after.`];
}

/** `160 thousand`, `1.5 billion`. */
export function formatCount(count: number): string {
  const [size, word] = count >= 1e9 ? [1e9, " billion"] : count >= 1e6 ? [1e6, " million"] : count >= 1e4 ? [1e3, " thousand"] : [1, ""];
  const value = count / size;
  return `${size === 1 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))}${word}`;
}
