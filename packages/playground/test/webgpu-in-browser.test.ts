import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { chromiumPath, openPage } from "../../report/test/browser.js";
import { buildSite, serveSite, type StaticSite } from "./static-site.js";

/** Far more than anything here takes, so that no load of the machine decides a test: SwiftShader computes WebGPU on the processor. */
const PATIENCE = { timeout: 1_200_000 };
const SOFTWARE_GPU = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan,WebGPU"];

/** Whether this Chromium has an adapter, if only one of software. */
async function hasAdapter(path: string): Promise<boolean> {
  const browser = await chromium.launch({ executablePath: path, args: SOFTWARE_GPU });
  try {
    const page = await browser.newPage();
    await page.goto("chrome://version"); // a page whose context is secure
    return await page.evaluate(async () => ((await navigator.gpu?.requestAdapter()) ?? null) !== null);
  } finally {
    await browser.close();
  }
}

const isHere = chromiumPath !== undefined && (await hasAdapter(chromiumPath));
if (chromiumPath !== undefined && !isHere)
  console.log("Tests of WebGPU are skipped: Chromium has no adapter for it here, not even one of software.");

describe.skipIf(!isHere)("the playground on WebGPU", { timeout: PATIENCE.timeout }, () => {
  let folder: string;
  let browser: Browser;
  let site: StaticSite;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "retool-webgpu-"));
    await buildSite(join(folder, "site"));
    browser = await chromium.launch({ executablePath: chromiumPath!, args: SOFTWARE_GPU });
  }, PATIENCE.timeout);
  beforeEach(async () => {
    site = await serveSite(join(folder, "site"));
    return () => site.close();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (hash: string) => {
    const opened = await openPage(browser, `${site.url}${hash}`, { width: 1280 });
    opened.page.setDefaultTimeout(PATIENCE.timeout);
    return opened;
  };
  const engine = (page: Page, text: RegExp) => page.locator("#engine", { hasText: text }).waitFor(PATIENCE);
  const webGpuFiles = () => site.requests.filter((path) => path.includes("webgpu"));

  test("asked to, it samples and learns there as WebAssembly does; when the device is lost, training goes on without it", async () => {
    const { page, faults } = await open("#steps=10&group=2&engine=webgpu");
    // It would say that something else was computed, if log-probabilities, loss or gradient differed.
    await engine(page, /^It computes with WebGPU\. The address asks for it\. WebAssembly \d+ ms for a trial step, WebGPU \d+ ms\.$/);
    expect(webGpuFiles()).toHaveLength(1);
    await page.locator("#train").click();
    await page.locator("#progress", { hasText: /step [1-9]\d* of 10/ }).waitFor(PATIENCE);
    expect(await page.locator("#engine").textContent()).toMatch(/^It computes with WebGPU\./);
    const protocol = await browser.newBrowserCDPSession();
    void protocol.send("Browser.crashGpuProcess").catch(() => {}); // the answer is lost with the process
    await engine(page, /^It computes with WebAssembly\. WebGPU stopped working \(.+\)\. Training went on from its last finished step\.$/);
    await page.locator("#status", { hasText: "Done: 10 steps." }).waitFor(PATIENCE);
    const chart = page.locator("#curves figure", { has: page.locator("b", { hasText: /^Reward$/ }) }).locator(".plot");
    const { lines } = JSON.parse((await chart.getAttribute("data-chart"))!) as { lines: { points: { x: number }[] }[] };
    expect(lines[0]!.points.map(({ x }) => x)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("left to itself, it does not take an adapter of software, and does not load the program for it", async () => {
    const { page, faults } = await open("#steps=10&group=2");
    await engine(
      page,
      /^It computes with WebAssembly\. WebGPU is there, but without a graphics card: the processor computes it \(.*swiftshader.*\)\.$/i,
    );
    expect(webGpuFiles()).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("a program that does not come leaves WebAssembly at work, with the reason", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await context.route(/webgpu/, (route) => route.abort());
    await page.goto(`${site.url}#steps=10&group=2&engine=webgpu`);
    await engine(page, /^It computes with WebAssembly\. WebGPU failed: .+\.$/);
    expect(await page.locator("#train").isDisabled()).toBe(false);
    await context.close();
  });
});
