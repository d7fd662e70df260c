import { expect, test } from "vitest";
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
