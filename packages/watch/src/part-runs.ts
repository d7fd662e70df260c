import { formatDuration, type Html, markup, percent, phaseTitle, renderTable } from "@retool-ts/report";
import type { LogRecord } from "@retool-ts/runs";
import type { WatchedRun } from "./watched-run.js";

/** Metrics of which the list shows the newest value, the first that a run has. */
const OUTCOMES = { "eval/accuracy": "held out", "validation/accuracy": "validation", "reward/accuracy": "training" } as const;

/** The list of runs: state, progress, time to go, accuracy, and what is wrong with a folder. */
export function renderRuns(runs: readonly WatchedRun[]): Html {
  if (runs.length === 0) return markup`<p class="empty">There is no run here yet. One that begins appears by itself.</p>`;
  const rows = runs.map((run) => [
    markup`<label><input type="checkbox" name="run" value="${run.id}"> ${run.name}</label>`,
    markup`<span class="state ${run.state}">${STATES[run.state]}</span>`,
    progressText(run),
    leftText(run),
    outcomeText(run),
    speedText(run.records),
  ]);
  const problems = runs.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [markup`<p class="notice"><b>${name}</b>: ${problem}</p>`],
  );
  return markup`${renderTable(["run", "state", "progress", "time to go", "accuracy", "tokens/s"], rows, { label: "Runs", kind: "runs" })}${problems}`;
}

const STATES = { running: "▶ running", finished: "✓ finished", stopped: "■ stopped" } as const;

function progressText({ progress }: WatchedRun): string {
  if (progress === undefined) return "–";
  const { phase, done, total } = progress;
  return `${phaseTitle(phase)}, step ${done}${total === undefined ? "" : ` of ${total}`}`;
}

function leftText({ progress }: WatchedRun): string {
  return progress?.secondsLeft === undefined ? "–" : `about ${formatDuration(1_000 * progress.secondsLeft)}`;
}

function outcomeText({ summary, records, state }: WatchedRun): string {
  const phases = Object.entries(summary?.phases ?? {});
  const [name, phase] = phases.at(-1) ?? [];
  if (name !== undefined && phase !== undefined && (state === "finished" || name === "final")) {
    return `${percent(phase.accuracy)} (${phaseTitle(name)})`;
  }
  for (const [metric, words] of Object.entries(OUTCOMES)) {
    const value = newest(records, metric);
    if (value !== undefined) return `${percent(value)} (${words})`;
  }
  return "–";
}

function speedText(records: readonly LogRecord[]): string {
  const speed = newest(records, "rollout/tokens_per_second");
  return speed === undefined ? "–" : Math.round(speed).toLocaleString("en-US");
}

function newest(records: readonly LogRecord[], name: string): number | undefined {
  const value = records.findLast((record) => typeof record[name] === "number")?.[name];
  return typeof value === "number" ? value : undefined;
}
