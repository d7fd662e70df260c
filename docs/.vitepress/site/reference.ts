import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DefaultTheme } from "vitepress";
import { commandPages } from "./command-pages.js";
import { configPages } from "./config-pages.js";
import { page } from "./markdown-text.js";
import { metricPage } from "./metric-pages.js";
import { COMMANDS, SETTINGS, topHasPage } from "./names.js";

/** The pages made from the program, by their path below `docs/reference`. */
export function referencePages(): Map<string, string> {
  return new Map([["index.md", indexPage()], ...commandPages(), ...configPages(), ["metrics.md", metricPage()]]);
}

function indexPage(): string {
  return page("Reference", "Commands, config keys, presets and metrics, made from the program itself.", [
    "These pages are made from the program when the site is built, so they say what it does.",
    "- [Commands](./commands/index.md): what `retool` can do, with every option.\n- [Config keys](./config/index.md): every setting of a run, with its type, default and values.\n- [Presets](./presets.md): recipes to start from.\n- [Every metric](./metrics.md): what the numbers of a run mean.\n- [API](../api/index.md): the packages, for programs of your own.",
  ]);
}

/** Writes the pages, leaves alone those that are the same already, and removes what is no longer made. */
export function writeReference(folder: string): void {
  const pages = referencePages();
  const before = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  for (const path of before) if (path.endsWith(".md") && !pages.has(path.replaceAll("\\", "/"))) rmSync(join(folder, path));
  for (const [path, text] of pages) {
    const file = join(folder, path);
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** The sidebar of the reference. */
export function referenceSidebar(): DefaultTheme.SidebarItem[] {
  const commands = COMMANDS.filter(({ path }) => !path.includes(" "));
  const sections = SETTINGS.filter(({ key }) => !key.includes(".") && topHasPage(key));
  return [
    { text: "Commands", link: "/reference/commands/", collapsed: false, items: commands.map(({ path }) => ({ text: path, link: `/reference/commands/${path}` })) }, // prettier-ignore
    { text: "Config keys", link: "/reference/config/", collapsed: false, items: sections.map(({ key }) => ({ text: key, link: `/reference/config/${key}` })) }, // prettier-ignore
    { text: "Presets", link: "/reference/presets" },
    { text: "Every metric", link: "/reference/metrics" },
  ];
}
