import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STOP_REASONS } from "@retool-ts/rollout";
import { expect, test } from "vitest";
import type { ChartSpec } from "./chart-spec.js";
import { CHARTS } from "./metric-catalogue.js";
import { METRIC_MEANINGS, TIMING_MEANINGS } from "./metric-meanings.js";
import { TIMING_CHARTS } from "./timing-charts.js";

const guide = readFileSync(join(import.meta.dirname, "../../../docs/guide/metrics.md"), "utf8");

/** Names in the first column of a section's table. */
function namesIn(heading: string): string[] {
  const sections = guide.split(/^## /m).filter((section) => section.startsWith(`${heading}\n`));
  const cells = sections.flatMap((section) => [...section.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell!));
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
}

const drawnBy = (charts: readonly ChartSpec[]) =>
  charts
    .flatMap(({ series, undrawn = [] }) => [...Object.keys(series), ...undrawn])
    .map((name) => (name.endsWith("/") ? `${name}*` : name));

test("every metric that is drawn has a meaning, and no other has", () => {
  const drawn = drawnBy(CHARTS);
  expect(new Set(drawn).size).toBe(drawn.length);
  expect(Object.keys(METRIC_MEANINGS).sort()).toEqual(drawn.sort());
  expect(Object.keys(TIMING_MEANINGS).sort()).toEqual(drawnBy(TIMING_CHARTS).sort());
});

test("the guide explains every stop reason once", () => {
  expect(
    namesIn("Why rollouts end")
      .filter((name) => !name.includes("."))
      .sort(),
  ).toEqual([...STOP_REASONS].sort());
});

test("no title stands over two charts", () => {
  const titles = CHARTS.map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
});
