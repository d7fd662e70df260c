import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launchBrowser, openPage, overflow, seriousFaults, wideTables } from "../test/browser.js";
import { exampleRun } from "./example-run.test-support.js";
import { renderReport } from "./render-report.js";

describe.skipIf(chromiumPath === undefined)("the page of a run in a browser", () => {
  let browser: Browser;
  let folder: string;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "retool-page-"));
    await writeFile(join(folder, "report.html"), renderReport(exampleRun()));
    url = pathToFileURL(join(folder, "report.html")).href;
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([1280, 700, 390, 320])(
    "is never wider than a window of %i, nor a table than its place, with everything unfolded, and runs its script",
    async (width) => {
      const { page, faults } = await openPage(browser, url, { width });
      expect(await overflow(page)).toBe(0);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      expect(await overflow(page)).toBe(0);
      expect(await wideTables(page)).toEqual([]);
      expect(await page.locator("form.filters output").first().textContent()).toMatch(/^\d+ of \d+ shown$/);
      expect(faults).toEqual([]);
    },
  );

  test.each([
    { width: 1280, colorScheme: "light" },
    { width: 390, colorScheme: "light" },
    { width: 390, colorScheme: "dark" },
  ] as const)("axe finds nothing serious: %j", async (options) => {
    expect(await seriousFaults(browser, url, options)).toEqual([]);
  });

  test("a chart is read by keyboard and by pointer, and filters leave what fits", async () => {
    const { page, faults } = await openPage(browser, url, { width: 1280 });
    const chart = page.locator("figure", { has: page.locator("b", { hasText: /^Reward$/ }) });
    const svg = chart.locator("svg");
    await svg.focus();
    expect(await chart.locator("output").textContent()).toBe("step 90: 0.725");
    await page.keyboard.press("ArrowLeft");
    expect(await svg.getAttribute("aria-valuetext")).toBe("step 89: 0.7");
    await page.keyboard.press("Home");
    expect(await chart.locator("output").textContent()).toBe("step 41: -0.5");
    await svg.blur();
    expect(await chart.locator("output").textContent()).toBe("last 0.725");
    await svg.hover({ position: { x: 3, y: 60 } });
    expect(await chart.locator("output").textContent()).toBe("step 41: -0.5");
    const form = page.locator("form.filters");
    await form.locator("select[name=stop]").selectOption("maxTokens");
    await form.locator("select[name=verdict]").selectOption("wrong");
    const shown = page.locator("#rollouts .rollout:visible");
    expect(await shown.count()).toBeGreaterThan(0);
    for (const card of await shown.all()) expect(await card.locator("footer").textContent()).toContain("stopped: maxTokens");
    expect(faults).toEqual([]);
  });
});
