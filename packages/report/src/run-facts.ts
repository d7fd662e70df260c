import { formatBytes, formatDuration } from "./duration.js";
import { formatCount } from "./headline.js";
import { markup, type Html } from "./markup.js";
import { headSettings } from "./run-settings.js";
import type { RunData } from "./run-data.js";

type Fact = readonly [name: string, value: string];

const MOST_FACTS = 40;

/** Where the run comes from and what it was told to do, as labelled values: outcome's size, command, date, commit, versions, hyperparameters. */
export function renderFacts({ summary, manifest = {}, config }: Pick<RunData, "summary" | "manifest" | "config">): Html {
  const run: Fact[] =
    summary === undefined
      ? []
      : [
          ...(summary.model.parameters === null ? [] : [["model", `${formatCount(summary.model.parameters)} parameters`] as const]),
          ["backend", summary.backend],
          ["seed", String(summary.seed)],
          ["time", formatDuration(1000 * summary.seconds)],
          ["peak memory", formatBytes(summary.peakRssBytes)],
        ];
  const origin = originFacts(manifest).filter(([name]) => !run.some(([known]) => known === name));
  return markup`${list([...run, ...origin], "The run")}${list(headSettings(config), "Hyperparameters")}`;
}

function originFacts(manifest: Readonly<Record<string, unknown>>): Fact[] {
  const { command, started, commit, cpu, libraries, ...rest } = manifest;
  const facts: Fact[] = [];
  if (Array.isArray(command)) facts.push(["command", ["retool", ...command.map(String)].join(" ")]);
  if (typeof started === "string") facts.push(["begun", started.replace("T", " ").replace(/(:\d\d)\.\d+Z$/, "$1 UTC")]);
  if (typeof commit === "string") facts.push(["git commit", commit.slice(0, 12)]);
  for (const [name, value] of Object.entries(rest))
    if (typeof value === "string" || typeof value === "number") facts.push([name, String(value)]);
  const machine = record(cpu);
  if (typeof machine["model"] === "string") facts.push(["processor", `${machine["model"]}, ${String(machine["cores"])} cores`]);
  const versions = Object.entries(record(libraries)).filter(([, version]) => typeof version === "string");
  return [...facts, ...versions.map(([name, version]) => [name, String(version)] as const)];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function list(facts: readonly Fact[], label: string): Html | undefined {
  if (facts.length === 0) return undefined;
  return markup`<dl class="facts" aria-label="${label}">
    ${facts.slice(0, MOST_FACTS).map(
      ([name, value]) =>
        markup`<div>
          <dt>${name.slice(0, 80)}</dt>
          <dd>${value.slice(0, 240)}</dd>
        </div>`,
    )}
  </dl>`;
}
