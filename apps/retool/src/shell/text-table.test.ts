import { expect, test } from "vitest";
import { phaseTable } from "../recipe/phases.js";
import { formatTable } from "./text-table.js";

const phase = {
  n: 300,
  accuracy: 0.523,
  ci95: [0.467, 0.579],
  codeRatio: 0.62,
  codePassRate: null,
  meanTurns: 1.8,
  meanTokens: 24.5,
} as const;
const table = phaseTable({ coldStart: phase, final: { ...phase, accuracy: 0.963, codePassRate: 0.98 } });

test("a table that fits is one of aligned columns, also in a pipe", () => {
  const lines = formatTable(table, Infinity).split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^ +accuracy +95 % interval +problems +use code/);
  expect(formatTable(table, 200)).toBe(formatTable(table, Infinity));
});

test("at 50 columns each row is a block, with every value beside its name", () => {
  const text = formatTable(table, 50);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(50);
  expect(text.split("\n\n")[1]).toBe(`  after RL
    accuracy       96.3 %
    95 % interval  46.7 % to 57.9 %
    problems       300
    use code       62.0 %
    code passes    98.0 %
    turns          1.80
    tokens         24.5`);
});

test("cells that are wider than the terminal are wrapped at blanks, without a loss", () => {
  const cell = "a reason that is told in many words and does not fit into a narrow terminal";
  const text = formatTable(
    [
      ["left out because", "rows"],
      [cell, "3"],
      ["x".repeat(70), "12"],
    ],
    30,
  );
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(30);
  expect(text.replace(/\s+/g, " ")).toContain(cell);
  expect(text.replace(/\s+/g, "")).toContain("x".repeat(70));
});
