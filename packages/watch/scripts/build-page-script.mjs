// Writes the script of the dashboard, src/browser/page.ts, and uPlot's style to src/page-script.generated.ts.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeBrowserScript } from "../../../scripts/browser-script.mjs";

const source = join(dirname(fileURLToPath(import.meta.url)), "../src");
const style = readFileSync(createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css"), "utf8");
await writeBrowserScript(join(source, "browser/page.ts"), join(source, "page-script.generated.ts"), "WATCH_SCRIPT", { UPLOT_STYLE: style });
