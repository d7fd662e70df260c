import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium, type Browser, type Page } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];

/** Path of a Chromium: that of RETOOL_CHROMIUM, or one of the system's; undefined, with a line that says so, where there is none. */
export const chromiumPath: string | undefined = [process.env["RETOOL_CHROMIUM"], ...PLACES].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
if (chromiumPath === undefined)
  console.log("Tests in a browser are skipped: no Chromium at RETOOL_CHROMIUM or in /usr/bin (Debian: apt-get install chromium).");

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox"] });
}

/** Far more than anything here takes, so that no load of the machine decides a test. */
const PATIENCE_MS = 240_000;

/** A page as a reader has it, all it asked for (from its first request on), and what went wrong: errors, and requests to elsewhere. */
export async function openPage(
  browser: Browser,
  url: string,
  { width, colorScheme = "light" }: { readonly width: number; readonly colorScheme?: "light" | "dark" },
): Promise<{ readonly page: Page; readonly faults: string[]; readonly requests: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("request", (request) => {
    requests.push(request.url());
    if (new URL(request.url()).origin !== new URL(url).origin && !request.url().startsWith("data:")) faults.push(request.url());
  });
  await page.goto(url);
  return { page, faults, requests };
}

/** Pixels by which a page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Names of the tables that can be seen and are wider than their place, so that a reader has to scroll sideways. */
export function wideTables(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("table")]
      .map((table) => table.parentElement!)
      .filter(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth)
      .map((place) => `${place.getAttribute("aria-label")}: ${place.scrollWidth} in ${place.clientWidth}`),
  );
}

/** What axe finds in a page that is serious or critical. */
export async function seriousFaults(
  browser: Browser,
  url: string,
  options: { readonly width: number; readonly colorScheme: "light" | "dark" },
  prepare?: (page: Page) => Promise<void>,
): Promise<string[]> {
  const { width, colorScheme } = options;
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(url);
  await prepare?.(page);
  await page.addScriptTag({ content: await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8") });
  const found = await page.evaluate(async () => {
    interface Violation { readonly id: string; readonly impact: string; readonly nodes: readonly { readonly html: string }[] } // prettier-ignore
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: readonly Violation[] }> } };
    const { violations } = await axe.run();
    return violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes[0]!.html.slice(0, 120) }));
  });
  await context.close();
  return found.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, html }) => `${id}: ${html}`);
}
