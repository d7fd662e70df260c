// Draws the picture that other sites show beside a link to this one, `public/social-card.png`, with the Chromium of this machine. Where
// there is none, pages go without it.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const executablePath = [process.env.RETOOL_CHROMIUM, ...PLACES].find((path) => path && existsSync(path));
if (executablePath === undefined) {
  console.log("The site has no social card: no Chromium at RETOOL_CHROMIUM or in /usr/bin.");
} else {
  mkdirSync(at("../public"), { recursive: true });
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1200, height: 630 } });
  await page.setContent(card());
  await page.screenshot({ path: at("../public/social-card.png") });
  await browser.close();
}

function card() {
  const curves = readFileSync(at("../diagrams/learning.svg"), "utf8");
  return `<!doctype html><style>
    body { margin: 0; width: 1200px; height: 630px; box-sizing: border-box; padding: 56px 64px; background: #fff; color: #213547; font-family: system-ui, sans-serif; }
    h1 { font-size: 60px; margin: 0 0 8px; color: #0072b2; } p { font-size: 30px; margin: 0 0 24px; } svg { width: 760px; }
  </style><h1>retool-ts</h1><p>Watch a language model learn to use a tool. All of it is TypeScript.</p>${curves}`;
}
