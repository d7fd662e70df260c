// Writes the script of the static page, src/browser/page.ts, to src/page-script.generated.ts.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeBrowserScript } from "../../../scripts/browser-script.mjs";

const source = join(dirname(fileURLToPath(import.meta.url)), "../src");
await writeBrowserScript(join(source, "browser/page.ts"), join(source, "page-script.generated.ts"), "PAGE_SCRIPT");
