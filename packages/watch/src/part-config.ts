import { type Html, markup, renderConfig, renderTable, type Setting } from "@retool-ts/report";
import { renderSelect } from "./select.js";
import type { WatchedRun } from "./watched-run.js";

/** A setting that two runs have differently. */
export interface SettingDifference {
  readonly name: string;
  /** Undefined where that run has no such setting. */
  readonly values: readonly [string | undefined, string | undefined];
}

/** The config of a run, and how another's differs from it. */
export function renderConfigPart(
  runs: readonly WatchedRun[],
  { run: id, other: otherId }: { run: string | undefined; other: string | undefined },
): Html {
  if (runs.length === 0) return markup`<p class="empty">There is no run here yet.</p>`;
  const run = runs.find((candidate) => candidate.id === id) ?? runs[0]!;
  const other = runs.find((candidate) => candidate.id === otherId && candidate !== run);
  const names = runs.map(({ id: value, name }) => ({ value, label: name }));
  const form = markup`<form class="filters query">
    ${renderSelect("run", "run", names, run.id)}
    ${renderSelect("other", "against", [{ value: "", label: "no other" }, ...names.filter(({ value }) => value !== run.id)], other?.id ?? "")}
    <output></output>
  </form>`;
  return markup`${form}${other === undefined ? renderOwn(run) : renderDifference(run, other)}`;
}

function renderOwn({ name, configText, config }: WatchedRun): Html {
  if (configText === undefined) return markup`<p class="empty">${name} has no config.yaml.</p>`;
  return config === undefined ? markup`<pre class="config">${configText.slice(0, 100_000)}</pre>` : renderConfig(config);
}

function renderDifference(run: WatchedRun, other: WatchedRun): Html {
  const differences = settingDifferences(run.settings, other.settings);
  if (differences.length === 0) return markup`<p class="empty">Both runs have the same settings.</p>`;
  const rows = differences.map(({ name, values }) => [
    name,
    ...values.map((value) => markup`<span class="value">${value?.slice(0, 2_000) ?? "–"}</span>`),
  ]);
  return renderTable(["setting", run.name, other.name], rows, { label: "Settings that differ", kind: "settings differ" });
}

/** Settings that are not the same in both, in the order of the first. */
export function settingDifferences(first: readonly Setting[], second: readonly Setting[]): SettingDifference[] {
  const [a, b] = [first, second].map((settings) => new Map(settings.map(({ name, value }) => [name, value])));
  const names = [...new Set([...a!.keys(), ...b!.keys()])];
  return names.map((name) => ({ name, values: [a!.get(name), b!.get(name)] as const })).filter(({ values: [one, two] }) => one !== two);
}
