import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { chromiumPath, launchBrowser } from "../test/browser.js";
import { chartFigure } from "./chart-figure.js";
import type { Html } from "./markup.js";
import type { Point, Series } from "./series.js";
import { STYLE } from "./style.js";

/** `showLive` as a script of a page. */
async function liveScript(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: 'export { showLive } from "./live-entry.ts";', resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "live",
  });
  return outputFiles[0]!.text;
}

const line = (count: number, y: (x: number) => number): Point[] => Array.from({ length: count }, (_, x) => ({ x, y: y(x) }));
const figure = (series: readonly Series[], title = "Accuracy"): Html =>
  chartFigure(series, { title, unit: "share", axis: "share that is right", smooth: true, isLive: true, explanation: "What it tells." });

describe.skipIf(chromiumPath === undefined)("a live chart in a browser", () => {
  let browser: Browser;
  let script: string;
  let style: string;
  let page: Page;
  beforeAll(async () => {
    const sheet = readFile(createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css"), "utf8");
    [browser, script, style] = await Promise.all([launchBrowser(), liveScript(), sheet]);
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 500, height: 800 }, colorScheme: "light" });
    await page.setContent(`<style>${STYLE}${style}</style><main id="place"></main>`);
    await page.addScriptTag({ content: script });
    return () => page.close();
  });

  const show = ({ markup }: Html): Promise<void> =>
    page.evaluate((html) => {
      const { live } = globalThis as unknown as { live: { showLive(place: HTMLElement, html: string): void } };
      live.showLive(document.getElementById("place")!, html);
    }, markup);
  const plot = () => page.locator(".plot");
  const readout = () => page.locator("figcaption output").textContent();

  /** How many pixels of the canvas have about this colour, and let so much through. */
  async function pixels(red: number, green: number, blue: number, opacity = 1): Promise<number> {
    await page.locator("canvas").waitFor();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    return page.evaluate(
      (wanted) => {
        const canvas = document.querySelector("canvas")!;
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) {
          if (wanted.every((value, channel) => Math.abs(value - data[i + channel]!) < 12)) count++;
        }
        return count;
      },
      [red, green, blue, Math.round(255 * opacity)],
    );
  }

  test("draws its lines in the page's colours, and in those of the dark page when that changes", async () => {
    await show(figure([{ name: "a", points: line(10, (x) => x / 10) }]));
    await expect.poll(() => pixels(0x00, 0x72, 0xb2)).toBeGreaterThan(300);
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(() => pixels(0x56, 0xb4, 0xe9)).toBeGreaterThan(300);
    await expect.poll(() => pixels(0x00, 0x72, 0xb2)).toBe(0);
  });

  test("draws intervals around their values", async () => {
    const points = line(3, () => 0.5);
    await show(figure([{ name: "a", points }]));
    expect(await pixels(0x00, 0x72, 0xb2, 0.6)).toBeLessThan(20);
    await show(figure([{ name: "a", points: points.map((point) => ({ ...point, interval: [0.1, 0.9] as const })) }]));
    await expect.poll(() => pixels(0x00, 0x72, 0xb2, 0.6)).toBeGreaterThan(150);
    expect(await plot().getAttribute("aria-label")).toContain("50.0 % (10.0 % to 90.0 %) at step 0");
  });

  test("is read with arrow keys and by pointer, and says the same to a screen reader", async () => {
    await show(figure([{ name: "a", points: line(21, (x) => x / 20) }, { name: "b", points: line(11, () => 0.25) }])); // prettier-ignore
    expect(await plot().getAttribute("aria-label")).toMatch(/^Accuracy\. a: from 0\.0 % at step 0 to 100/);
    await page.keyboard.press("Tab");
    expect(await readout()).toMatch(/^step 20: a 100(\.0)? %$/);
    for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowLeft");
    expect(await readout()).toBe("step 10: a 50.0 %, b 25.0 %");
    expect(await plot().getAttribute("aria-valuetext")).toBe("step 10: a 50.0 %, b 25.0 %");
    expect(await plot().getAttribute("role")).toBe("slider");
    await page.keyboard.press("Home");
    expect(await readout()).toBe("step 0: a 0.0 %, b 25.0 %");
    const box = (await page.locator(".u-over").boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 40);
    await expect.poll(readout).toBe("step 10: a 50.0 %, b 25.0 %");
    await page.locator(".plot").blur();
    await expect.poll(readout).toBe("");
  });

  test("new points leave open, focused and zoomed in what a reader has", async () => {
    await show(figure([{ name: "a", points: line(40, (x) => x / 80) }]));
    await page.locator("summary").click();
    const box = (await page.locator(".u-over").boundingBox())!;
    await page.mouse.move(box.x + 10, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await plot().focus();
    await page.keyboard.press("Home");
    const cursor = () => page.locator(".u-cursor-x").evaluate((line) => line.getBoundingClientRect().x);
    const zoomed = await cursor();
    expect(zoomed).toBeLessThan(box.x); // step 0 lies left of what is seen
    await show(figure([{ name: "a", points: line(60, (x) => x / 80) }]));
    expect(await page.locator("details[open] table").count()).toBe(1);
    expect(await page.evaluate(() => document.activeElement?.className)).toContain("plot");
    expect(await readout()).toBe("step 0: 0.0 %");
    expect(await cursor()).toBeCloseTo(zoomed, 0);
    await page.keyboard.press("End");
    expect(await readout()).toBe("step 59: 73.8 %");
    await page.keyboard.press("0");
    await page.keyboard.press("Home");
    await expect.poll(cursor).toBeCloseTo(box.x, -1);
  });

  test("follows the width of the window, and is drawn inside what was folded once that is opened", async () => {
    await show(figure([{ name: "a", points: line(5, (x) => x / 5) }]));
    const width = () => page.locator("canvas").evaluate((canvas) => canvas.getBoundingClientRect().width);
    await page.locator("canvas").waitFor();
    const before = await width();
    await page.setViewportSize({ width: 320, height: 800 });
    await page.waitForFunction((wide) => document.querySelector("canvas")!.getBoundingClientRect().width < wide - 100, before);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    const { markup } = figure([{ name: "a", points: line(5, (x) => x / 5) }], "Folded");
    await show({ markup: `<details id="fold"><summary>More</summary>${markup}</details>` } as Html);
    expect(await page.locator("canvas").count()).toBe(0);
    await page.locator("#fold > summary").click();
    await page.locator("canvas").waitFor();
  });

  test("a chart without a finite value says so", async () => {
    await show(figure([{ name: "a", points: [{ x: 1, y: Number.NaN }] }]));
    expect(await page.locator(".empty").textContent()).toBe("No finite value was logged.");
  });
});
