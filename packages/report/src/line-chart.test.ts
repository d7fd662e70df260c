import { expect, test } from "vitest";
import { chartFigure } from "./chart-figure.js";
import { lineChart } from "./line-chart.js";

/** The points that a chart of so many steps holds for its readout. */
function kept(count: number): readonly (readonly [x: number, label: string, place: string])[] {
  const points = Array.from({ length: count }, (_, x) => ({ x, y: x / count }));
  const { markup } = lineChart([{ name: "a", points }], { title: "t", unit: "number", smooth: false });
  const data = /data-series="([^"]*)"/.exec(markup)![1]!.replaceAll("&quot;", '"');
  return (JSON.parse(data) as [[string, ReturnType<typeof kept>]])[0][1];
}

test("three hundred points are all kept; of more, every second or third and always the last", () => {
  expect(kept(300)).toHaveLength(300);
  expect(kept(302).map(([x]) => x)).toEqual([...Array.from({ length: 151 }, (_, i) => 2 * i), 301]);
  expect(
    kept(900)
      .map(([x]) => x)
      .slice(-2),
  ).toEqual([897, 899]);
});

test("an interval is drawn around its value and told with it, and the axis has room for it", () => {
  const points = [
    { x: 0, y: 10, interval: [4, 30] as const },
    { x: 5, y: 20 },
  ];
  const { markup } = chartFigure([{ name: "a", points }], { title: "t", unit: "number", smooth: false });
  expect(markup.match(/class="interval s0"/g)).toHaveLength(1);
  const [, top, bottom] = /class="interval s0" d="M[\d.]+ [\d.]+H[\d.]+M[\d.]+ ([\d.]+)V([\d.]+)M/.exec(markup)!.map(Number);
  const tick = (value: number) => Number(new RegExp(`y="([\\d.]+)" text-anchor="end">${value}<`).exec(markup)![1]) - 3.5;
  const perUnit = (tick(0) - tick(30)) / 30;
  expect(bottom! - top!).toBeCloseTo(-26 * perUnit, 0); // drawn from the low end up
  expect(markup).toContain("10 (4 to 30) at step 0");
  expect(markup).toMatch(/<td[^>]*>10 \(4 to 30\)<\/td>/);
});
