import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STOP_REASONS } from "@retool-ts/rollout";
import { expect, test } from "vitest";
import { CHARTS } from "./metric-catalogue.js";

const guide = readFileSync(join(import.meta.dirname, "../../../docs/guide/metrics.md"), "utf8");

/** Names in the first column of a section's table. */
function namesIn(...headings: readonly string[]): string[] {
  const sections = guide.split(/^## /m).filter((section) => headings.some((heading) => section.startsWith(`${heading}\n`)));
  const cells = sections.flatMap((section) => [...section.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell!));
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
}

const described = namesIn("Supervised fine-tuning", "Reinforcement learning");

/** Fields that say where a record belongs, and families that every tool has its own chart of. */
const NOT_IN_A_CHART = ["phase", "stage", "step", "rl/step", "tool/*/calls", "tool/*/pass_rate"];

test("the guide describes the metrics of the catalogue, and no others", () => {
  const drawn = CHARTS.flatMap(({ series, undrawn = [] }) => [...Object.keys(series), ...undrawn]).map((name) =>
    name.endsWith("/") ? `${name}*` : name,
  );
  expect(new Set(drawn).size).toBe(drawn.length);
  expect([...new Set(described)].sort()).toEqual([...drawn, ...NOT_IN_A_CHART].sort());
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
