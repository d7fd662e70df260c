import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { exampleRun, INSTRUCTIONS, RL_STEPS, SFT_STEPS, SYSTEM } from "./example-run.test-support.js";
import { CHARTS } from "./metric-catalogue.js";
import { TIMING_CHARTS } from "./timing-charts.js";
import { renderReport } from "./render-report.js";

const { document } = parseHTML(renderReport(exampleRun()));
const figures = [...document.querySelectorAll("figure.chart")];
const lineCharts = figures.filter((figure) => figure.querySelector("svg") !== null);

/** Figures under the heading of a phase. */
function figuresOf(heading: string): Element[] {
  const title = [...document.querySelectorAll("#curves h3")].find(({ textContent }) => textContent!.startsWith(heading))!;
  return [...title.nextElementSibling!.querySelectorAll("figure")];
}

/** The steps that a chart has values at. */
function stepsOf(figure: Element): number[] {
  const data = JSON.parse(figure.querySelector("svg")!.getAttribute("data-series")!) as [string, [number, string, string][]][];
  return data.flatMap(([, points]) => points.map(([x]) => x));
}

describe("the page of a run", () => {
  test("has charts of both phases", () => {
    expect(lineCharts.length).toBeGreaterThan(12);
    expect(figuresOf("Supervised").length).toBeGreaterThan(4);
    expect(figuresOf("Reinforcement").length).toBeGreaterThan(5);
  });

  test("numbers steps once over the phases", () => {
    for (const figure of figuresOf("Supervised")) expect(Math.max(...stepsOf(figure))).toBeLessThanOrEqual(SFT_STEPS);
    for (const figure of figuresOf("Reinforcement")) {
      expect(Math.min(...stepsOf(figure))).toBeGreaterThan(SFT_STEPS);
      expect(Math.max(...stepsOf(figure))).toBeLessThanOrEqual(SFT_STEPS + RL_STEPS);
    }
    expect(document.querySelector("#rollouts")!.textContent).toContain(`step ${SFT_STEPS + RL_STEPS}`);
  });

  test("every chart has names of both axes, a caption, words, and its values as a table", () => {
    for (const figure of lineCharts) {
      const title = figure.querySelector("figcaption b")!.textContent!;
      const axes = [...figure.querySelectorAll("text.axis")].map(({ textContent }) => textContent!);
      expect(axes, title).toHaveLength(2);
      expect(axes[0], title).not.toBe("");
      expect(axes[1], title).toBe("step");
      expect(figure.querySelector("svg")!.getAttribute("aria-label"), title).toMatch(
        /^.+\. .*(from .+ at step \d+ to|at step \d+|no value)/,
      );
      expect(figure.querySelector(".why")!.textContent, title).not.toBe("");
      expect(figure.querySelectorAll("table tbody tr").length, title).toBeGreaterThan(0);
    }
    for (const figure of figures.filter((other) => !lineCharts.includes(other))) {
      expect(figure.querySelector("p.axis")!.textContent).toContain("0 to 100 %");
      for (const bar of figure.querySelectorAll(".track")) expect(bar.textContent).toMatch(/[^:]+: +\S/);
    }
  });

  test("accuracies of levels share a chart, one that stays at 0 too, and bounds and counts are no lines", () => {
    const chart = figuresOf("Reinforcement").find((figure) => figure.querySelector("b")!.textContent === "Held-out accuracy by level")!;
    const data = JSON.parse(chart.querySelector("svg")!.getAttribute("data-series")!) as [string, unknown][];
    expect(data.map(([name]) => name)).toEqual(["1", "3"]);
    expect(document.querySelector("#curves")!.textContent).not.toMatch(/accuracy_low|accuracy_high|eval\/.*problems/);
  });

  test("a chart in words tells the ends and the extremes of its lines", () => {
    const reward = figuresOf("Reinforcement").find((figure) => figure.querySelector("b")!.textContent === "Reward")!;
    expect(reward.querySelector("svg")!.getAttribute("aria-label")).toBe(
      "Reward. mean reward: from -0.5 at step 41 to 0.725 at step 90; lowest -0.5 at step 41, highest 0.725 at step 90.",
    );
    expect(reward.querySelectorAll("tbody tr")).toHaveLength(11);
  });

  test("charts of supervised steps do not speak of RL", () => {
    const words = figuresOf("Supervised").map((figure) => figure.querySelector(".why")!.textContent!);
    for (const text of words) expect(text).not.toMatch(/\bRL\b|[Rr]ollout|interpreter at least|groups/);
    for (const { title, series } of CHARTS) {
      const names = Object.keys(series);
      const supervised = names.filter((name) => /^(sft|validation)\//.test(name));
      expect([0, names.length], title).toContain(supervised.length);
    }
    for (const { axis } of [...CHARTS, ...TIMING_CHARTS]) expect(axis).not.toBe("");
  });

  test("says where the run comes from and what it was told to do", () => {
    const head = document.querySelector("header.top")!.textContent!.replaceAll(/\s+/g, " ");
    for (const fact of [
      "retool quickstart --seed 1",
      "2026-01-02 03:04:05 UTC",
      "fdc8145af6c5",
      "v20.20.2",
      "4.22.0",
      "Example CPU, 2 cores",
    ]) {
      expect(head).toContain(fact);
    }
    for (const fact of ["seed 1", "retool 1.2.3", "group size 8", "clip above 0.28", "KL penalty none"]) expect(head).toContain(fact);
    const settings = [...document.querySelectorAll("table.settings tr")].map(({ textContent }) =>
      textContent!.replaceAll(/\s+/g, " ").trim(),
    );
    expect(settings).toContain("sft.stages.0.steps 40");
    expect(settings).toContain("plugins []");
  });

  test("shows the system message and the instructions with the prompt", () => {
    const example = document.querySelector("#settings .block.prompt")!.textContent!;
    expect(example).toContain(SYSTEM);
    expect(example).toContain(INSTRUCTIONS);
    for (const place of ["#pairs .pair", "#rollouts .rollout"]) {
      const prompt = document.querySelector(`${place} .block.prompt`)!;
      expect(prompt.querySelector("p.label + pre")!.textContent).toMatch(/^What is gcd\(12, \d\)\?$/);
      expect(prompt.querySelector("details")!.textContent).toContain(SYSTEM);
    }
  });

  test("links lead somewhere, names are given once, headings descend one by one, and what scrolls is reached by keyboard", () => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const link of document.querySelectorAll("a[href^='#']")) expect(ids).toContain(link.getAttribute("href")!.slice(1));
    const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(({ tagName }) => Number(tagName[1]));
    for (const [index, level] of levels.entries()) expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    for (const region of document.querySelectorAll(".scroll, .strip")) {
      expect(region.getAttribute("tabindex")).toBe("0");
      expect(region.getAttribute("aria-label")).not.toBe("");
    }
    for (const table of document.querySelectorAll("table")) {
      const headings = [...table.querySelectorAll("thead th")].map(({ textContent }) => textContent);
      for (const row of table.querySelectorAll("tbody tr")) {
        expect([...row.querySelectorAll("td")].map((cell) => cell.getAttribute("data-label"))).toEqual(headings.slice(1));
      }
    }
  });
});
