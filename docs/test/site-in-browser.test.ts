import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launchBrowser, openPage, overflow } from "../../packages/report/test/browser.js";

const site = join(import.meta.dirname, "../.vitepress/dist");
const isBuilt = existsSync(join(site, "index.html"));
if (!isBuilt) console.log("Tests of the site in a browser are skipped: it is not built (npm run check -- --only docs).");

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".png": "image/png",
  ".wasm": "application/wasm",
};
/** Far more than anything here takes, so that no load of the machine decides a test. */
const PATIENCE = { timeout: 300_000 };
const PAGES = [
  "/",
  "/guide/getting-started.html",
  "/guide/how-it-works.html",
  "/guide/run-folder.html",
  "/guide/troubleshooting.html",
  "/guide/coming-from.html",
  "/guide/cookbook.html",
  "/reference/commands/train.html",
  "/reference/config/sandbox.html",
  "/reference/metrics.html",
  "/api/@retool-ts/core/index.html",
];

describe.skipIf(chromiumPath === undefined || !isBuilt)("the built site", () => {
  let server: Server;
  let browser: Browser;
  let origin: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url!, "http://site").pathname);
      readFile(join(site, path.endsWith("/") ? `${path}index.html` : path)).then(
        (body) =>
          response.writeHead(200, { "content-type": TYPES[path.endsWith("/") ? ".html" : extname(path)] ?? "text/plain" }).end(body),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  describe.each([
    { width: 1280, colorScheme: "light" },
    { width: 1280, colorScheme: "dark" },
    { width: 390, colorScheme: "light" },
    { width: 390, colorScheme: "dark" },
  ] as const)("$width px, $colorScheme", (look) => {
    test.each(PAGES)("%s fits, has no serious fault, and loads nothing from elsewhere", PATIENCE, async (path) => {
      const { page, faults } = await openPage(browser, `${origin}${path}`, look);
      await page.waitForLoadState("networkidle");
      expect(await page.evaluate(() => document.documentElement.classList.contains("dark"))).toBe(look.colorScheme === "dark");
      expect(await overflow(page)).toBe(0);
      expect(await seriousFaults(page)).toEqual([]);
      expect(faults).toEqual([]);
      await page.context().close();
    });
  });

  test.each([1280, 390])(
    "at %i px the first page loads nothing of the playground until a visitor asks, and then a model learns in it",
    PATIENCE,
    async (width) => {
      const { page, faults, requests } = await openPage(browser, `${origin}/`, { width });
      const playground = () => requests.map((url) => new URL(url).pathname).filter((path) => path.startsWith("/playground/"));
      const load = page.getByRole("button", { name: "Load the model", disabled: false }); // once the page's script runs
      await load.waitFor();
      await page.locator(".VPFooter, footer, #VPContent").last().scrollIntoViewIfNeeded(); // links that come into view are fetched ahead
      await page.waitForLoadState("networkidle");
      expect(playground()).toEqual([]);
      expect(await page.locator("iframe").count()).toBe(0);
      expect(page.workers()).toEqual([]);

      await load.click();
      const frame = page.frameLocator(".playground-frame iframe");
      await frame.locator("#live footer").waitFor();
      expect(playground()).toContain("/playground/index.html");
      expect(page.workers().length).toBeGreaterThan(0);
      await frame.locator("#train").click();
      await frame.locator("#progress", { hasText: /step (?:[2-9]|\d\d+) of/ }).waitFor(); // the second may be over before one looks
      await frame.locator("#stop").click();
      await frame.locator("#status", { hasText: /^Stopped after \d+ steps\.$/ }).waitFor();
      const chart = frame.locator("figure", { has: frame.locator("b", { hasText: /^Reward$/ }) }).locator(".plot");
      await chart.locator("canvas").waitFor();
      expect(await chart.getAttribute("aria-label")).toMatch(/^Reward\. mean reward: /);

      expect(await overflow(page)).toBe(0);
      const inner = (await (await page.locator(".playground-frame iframe").elementHandle())!.contentFrame())!;
      await inner.waitForFunction(fitsItsFrame); // no second scroll bar
      expect(faults).toEqual([]);
      await page.context().close();
    },
  );

  test("before the first page's script has come, the playground's button cannot be pressed: the press would be lost", async () => {
    const html = await readFile(join(site, "index.html"), "utf8");
    expect(html).toMatch(/<button[^>]*\sdisabled[^>]*>Load the model/);
  });

  test("the search finds a config key and leads to it", PATIENCE, async () => {
    const { page, faults } = await openPage(browser, `${origin}/`, { width: 1280 });
    await page.waitForLoadState("networkidle");
    await page.getByRole("button", { name: /search/i }).first().click(); // prettier-ignore
    await page.getByRole("searchbox").fill("train.dynamicSampling.maxRefills");
    await page.locator(".VPLocalSearchBox .result").first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/reference\/config\/train\.html#train-dynamicsampling/);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("a name in backticks leads to its place in the reference", PATIENCE, async () => {
    const { page, faults } = await openPage(browser, `${origin}/guide/troubleshooting.html`, { width: 1280 });
    await page.waitForLoadState("networkidle");
    await page.locator("a", { hasText: "train.dynamicSampling.maxRefills" }).first().click(); // prettier-ignore
    await page.waitForURL(/reference\/config\/train\.html#train-dynamicsampling-maxrefills$/);
    await page.locator("#train-dynamicsampling-maxrefills").waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("language models find every guide and the reference in llms.txt, and their text in llms-full.txt", async () => {
    const list = await readFile(join(site, "llms.txt"), "utf8");
    for (const name of ["guide/troubleshooting", "reference/commands/train", "reference/metrics"])
      expect(list).toContain(`(/${name}.html)`);
    for (const [, target] of list.matchAll(/\]\(\/([^)]+)\)/g)) {
      expect(existsSync(join(site, target!.endsWith("/") ? `${target!}index.html` : target!)), target).toBe(true);
    }
    const full = await readFile(join(site, "llms-full.txt"), "utf8");
    expect(full).toContain("## Entropy falls to zero");
    expect(full).toContain("`train.clipHigh`");
  });

  test("other sites find a title, a description and a picture", async () => {
    const html = await readFile(join(site, "index.html"), "utf8");
    expect(html).toMatch(/<meta property="og:title" content="[^"]{10,}"/);
    expect(html).toMatch(/<meta property="og:description" content="[^"]{40,}"/);
    expect(html).toContain('<meta property="og:image" content="/social-card.png"');
    expect((await readFile(join(site, "social-card.png"))).subarray(1, 4).toString()).toBe("PNG");
  });
});

/** In a page inside another: nothing of it is out of sight. */
function fitsItsFrame(): boolean {
  const { scrollHeight, clientHeight, scrollWidth, clientWidth } = document.documentElement;
  return scrollHeight <= clientHeight && scrollWidth <= clientWidth;
}

/** What axe finds in an open page that is serious or critical. */
async function seriousFaults(page: Page): Promise<string[]> {
  await page.addScriptTag({ content: await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8") });
  return page.evaluate(async () => {
    interface Violation { readonly id: string; readonly impact: string; readonly nodes: readonly { readonly html: string }[] } // prettier-ignore
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: readonly Violation[] }> } };
    const { violations } = await axe.run();
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    return serious.map(({ id, nodes }) => `${id}: ${[...new Set(nodes.map(({ html }) => html.slice(0, 120)))].slice(0, 8).join(" ")}`);
  });
}
