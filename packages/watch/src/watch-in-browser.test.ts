import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launchBrowser, openPage, overflow, seriousFaults, wideTables } from "../../report/test/browser.js";
import { beginRun, CONFIG, finishRun, inFolder, logSteps } from "./example-folder.test-support.js";
import { watchRuns } from "./watch-runs.js";

describe.skipIf(chromiumPath === undefined)("the dashboard in a browser", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchBrowser()));
  afterAll(() => browser.close());

  /** Waits until the first run's progress says so. */
  const progress = (page: Page, text: string) => page.locator("#runs-part td[data-label=progress]", { hasText: text }).first().waitFor();
  const reward = (page: Page) => page.locator("#curves-part figure", { has: page.locator("b", { hasText: /^Reward$/ }) });

  test("follows a run that goes on, is killed and goes on again, and leaves open and focused what a reader has", () =>
    inFolder(async (folder) => {
      const run = await beginRun(join(folder, "run"));
      await logSteps(run, 1, 20);
      const server = await watchRuns({ paths: [folder], intervalMs: 20, parseConfig: JSON.parse });
      try {
        const { page, faults } = await openPage(browser, server.page, { width: 1280 });
        await progress(page, "step 20 of 100");
        expect(await page.locator("#status").textContent()).toBe("live");
        await reward(page).locator("summary").click();
        await reward(page).locator(".plot").focus();
        await logSteps(run, 21, 30);
        await progress(page, "step 30 of 100");
        await page.waitForFunction(() => document.querySelector("#curves-part figure .plot")?.getAttribute("aria-valuemax") === "30");
        expect(await reward(page).locator("details[open] table").count()).toBe(1);
        expect(await page.evaluate(() => document.activeElement?.closest("figure")?.querySelector("b")?.textContent)).toBe("Reward");
        await run.truncateAfter(25);
        await progress(page, "step 25 of 100");
        await logSteps(run, 26, 40);
        await progress(page, "step 40 of 100");
        await finishRun(run);
        await page.locator("#runs-part .finished").waitFor();
        await page.locator("#rollouts-part .rollout").first().waitFor();
        await page.locator("#diff-part .words").waitFor();
        expect(faults).toEqual([]);
      } finally {
        await server.close();
      }
    }));

  test("lays runs over each other, filters rollouts, and compares settings", () =>
    inFolder(async (folder) => {
      for (const [name, groupSize] of [
        ["one", 8],
        ["two", 16],
      ] as const) {
        // prettier-ignore
        const run = await beginRun(join(folder, name), { ...CONFIG, train: { steps: 50, groupSize } });
        await logSteps(run, 1, 50);
        await finishRun(run);
      }
      const server = await watchRuns({ paths: [folder], token: "a-key", parseConfig: JSON.parse });
      try {
        const { page, faults } = await openPage(browser, server.page, { width: 390 });
        await progress(page, "step 50 of 50");
        for (const name of ["one", "two"]) await page.getByLabel(name, { exact: true }).check();
        await reward(page).locator(".legend", { hasText: "two" }).waitFor();
        expect(await overflow(page)).toBe(0);
        const part = page.locator("#rollouts-part");
        await part.locator("select[name=file]").selectOption("final.jsonl.gz");
        await part.locator("select[name=verdict]").selectOption("wrong");
        await part.locator("output", { hasText: "1 of 1 that fit" }).waitFor();
        await part.locator("input[name=problem]").fill("no such");
        await part.locator("input[name=problem]").press("Enter");
        await part.locator("output", { hasText: "0 of 0 that fit" }).waitFor();
        await page.locator("#config-part select[name=other]").selectOption({ index: 1 });
        await page.locator("#config-part table.differ tr", { hasText: "train.groupSize" }).waitFor();
        expect(await overflow(page)).toBe(0);
        await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
        expect(await wideTables(page)).toEqual([]);
        expect(faults).toEqual([]);
        for (const options of [
          { width: 1280, colorScheme: "light" },
          { width: 390, colorScheme: "dark" },
        ] as const) {
          // prettier-ignore
          const found = await seriousFaults(browser, server.page, options, async (other) => {
            await other.locator("#diff-part .words").waitFor();
            await other.locator("#config-part table").waitFor();
          });
          expect(found).toEqual([]);
        }
      } finally {
        await server.close();
      }
    }));

  test("without its token the page says what is missing", () =>
    inFolder(async (folder) => {
      await beginRun(join(folder, "run"));
      const server = await watchRuns({ paths: [folder], token: "a-key" });
      try {
        const { page } = await openPage(browser, server.url, { width: 390 });
        await page.locator("#status", { hasText: "wants its token" }).waitFor();
        expect(await page.locator("#runs-part tr").count()).toBe(0);
      } finally {
        await server.close();
      }
    }));
});
