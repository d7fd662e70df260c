import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { diagram } from "../.vitepress/site/diagrams.js";

const docs = join(import.meta.dirname, "..");
const files = readdirSync(join(docs, "diagrams"));
const read = (name: string) => readFileSync(join(docs, "diagrams", name), "utf8");

test.each(files)("%s has a text alternative, and the style of the others", (name) => {
  const text = read(name);
  const id = name.replace(".svg", "");
  expect(text).toContain(`role="img" aria-labelledby="${id}-title ${id}-desc"`);
  expect(/<desc id="[\w-]+">([^<]+)</.exec(text)![1]!.length).toBeGreaterThan(80);
  const style = (svg: string) => /<style>.*<\/style>/s.exec(svg)![0];
  expect(style(text)).toBe(style(read(files[0]!)));
});

test.each(files)("%s is on a page", (name) => {
  const pages = ["index.md", ...readdirSync(join(docs, "guide")).map((page) => `guide/${page}`)];
  expect(pages.filter((page) => readFileSync(join(docs, page), "utf8").includes(`/diagrams/${name})`))).not.toEqual([]);
});

test("in a page a diagram has no style of its own, no line break and no expression", () => {
  expect(diagram(join(docs, "diagrams/loop.svg"))).toMatch(/^<svg v-pre [^\n]*<\/svg>$/);
  expect(diagram(join(docs, "diagrams/loop.svg"))).not.toContain("<style>");
});

test("the curves of the first page are the figures of the comparison", () => {
  const guide = readFileSync(join(docs, "guide/compare.md"), "utf8");
  const [, header, body] = /^\| RL step \|((?: \d+ \|)+)\n\| ---.*\n((?:\|.*\n)+)/m.exec(guide)!;
  const steps = header!.match(/\d+/g)!.map(Number);
  const names: Readonly<Record<string, string>> = { "tool RL": "tool", "text RL, 3 × SFT": "text-3x", "text RL": "text" };
  const measured = body!
    .trim()
    .split("\n")
    .map((row) => {
      const [arm, ...cells] = row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim());
      return [names[arm!]!, cells.map((cell, i) => [steps[i]!, Number(/^\d+/.exec(cell)![0])])] as const;
    });
  expect(measured.map(([run, points]) => [run, points.length])).toEqual([
    ["tool", 10],
    ["text-3x", 10],
    ["text", 10],
  ]);
  const lines = [...read("learning.svg").matchAll(/<polyline data-run="([\w-]+)" class="[\w-]+" points="([^"]+)"/g)];
  const drawn = lines.map(([, run, points]) => {
    const values = points!.split(" ").map((point) => {
      const [x, y] = point.split(",").map(Number) as [number, number];
      return [Number((((x - 60) * 80) / 450).toFixed(3)), Number(((250 - y) / 2.2).toFixed(1))];
    });
    return [run!, values] as const;
  });
  expect(drawn).toEqual(measured);
});
