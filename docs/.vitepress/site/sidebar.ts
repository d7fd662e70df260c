import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DefaultTheme } from "vitepress";

const pages = (entries: readonly (readonly [text: string, link: string])[]) =>
  entries.map(([text, name]) => ({ text, link: `/guide/${name}` }));

/** The guides as a path, from the first run to bigger machines; what one looks up stands behind it. */
export const GUIDE: DefaultTheme.SidebarItem[] = [
  {
    text: "1 · First run",
    items: pages([
      ["First run", "getting-started"],
      ["Playground", "playground"],
      ["How it works", "how-it-works"],
      ["The run folder", "run-folder"],
      ["Watching a run", "watch"],
    ]),
  },
  {
    text: "2 · Your own problems",
    items: pages([
      ["Your own problems", "own-problems"],
      ["Cold-start data", "data"],
    ]),
  },
  {
    text: "3 · Your own tool and reward",
    items: pages([
      ["Tools and rewards", "own-tools"],
      ["Agents", "agents"],
      ["Extend it", "extend"],
      ["Security of the sandbox", "sandbox-security"],
    ]),
  },
  {
    text: "4 · Your own model",
    items: pages([
      ["Real models", "models"],
      ["Training an adapter", "lora"],
      ["GSM8K on one machine", "gsm8k"],
      ["The ReTool recipe", "recipe"],
      ["Recorded rollouts", "replay"],
    ]),
  },
  {
    text: "5 · Measure",
    items: pages([
      ["Evaluation", "evaluation"],
      ["Reading metrics", "metrics"],
      ["Tool RL against text RL", "compare"],
      ["Sweeps", "sweep"],
      ["Which loss pays", "losses"],
      ["Ablations", "ablations"],
    ]),
  },
  {
    text: "6 · Bigger machines",
    items: pages([
      ["Native TensorFlow", "native"],
      ["Speed", "speed"],
      ["Training on other machines", "scale"],
      ["Our engine for other loops", "engine-server"],
    ]),
  },
  {
    text: "Help",
    items: pages([
      ["Cookbook", "cookbook"],
      ["Troubleshooting", "troubleshooting"],
      ["Coming from TRL, verl, Tinker", "coming-from"],
      ["Glossary", "glossary"],
    ]),
  },
];

/**
 * Sidebars of the API: each package has its own, written by typedoc. One for all of them would stand in every page of the reference, some
 * half a megabyte each time.
 */
export function apiSidebars(folder: string): DefaultTheme.SidebarMulti {
  const file = join(folder, "typedoc-sidebar.json");
  if (!existsSync(file)) return {};
  const packages = JSON.parse(readFileSync(file, "utf8")) as { text: string; link: string; items: DefaultTheme.SidebarItem[] }[];
  const own = packages.map(({ text, link, items }) => {
    const entries = [{ text: "All packages", link: "/api/" }, { text, link, items: items.map(unfolded) }]; // prettier-ignore
    return [link, entries] as const;
  });
  const list = packages.map(({ text, link }) => ({ text, link }));
  return { ...Object.fromEntries(own), "/api/": [{ text: "API", link: "/api/", items: list }] };
}

/** An item without its fold: the theme nests the fold's button in another button, which screen readers cannot tell apart. */
function unfolded({ text, link, items }: DefaultTheme.SidebarItem): DefaultTheme.SidebarItem {
  return { ...(text !== undefined && { text }), ...(link !== undefined && { link }), ...(items && { items: items.map(unfolded) }) };
}

/** Markdown files of the guide that the sidebar does not lead to. */
export function strayGuides(folder: string): string[] {
  const linked = new Set(GUIDE.flatMap(({ items = [] }) => items.map(({ link }) => `${link!.split("/").at(-1)}.md`)));
  return readdirSync(folder).filter((name) => name.endsWith(".md") && !linked.has(name));
}
