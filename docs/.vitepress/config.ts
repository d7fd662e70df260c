import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type DefaultTheme } from "vitepress";

const guide: DefaultTheme.SidebarItem[] = [
  { text: "Getting started", link: "/guide/getting-started" },
  { text: "Playground", link: "/guide/playground" },
  { text: "How it works", link: "/guide/how-it-works" },
  { text: "The ReTool recipe", link: "/guide/recipe" },
  { text: "Data for supervised training", link: "/guide/data" },
  { text: "Recorded rollouts", link: "/guide/replay" },
  { text: "Evaluation", link: "/guide/evaluation" },
  { text: "Tools and rewards of your own", link: "/guide/own-tools" },
  { text: "Agents", link: "/guide/agents" },
  { text: "Extend it", link: "/guide/extend" },
  { text: "Tool RL against text RL", link: "/guide/compare" },
  { text: "Sweeps", link: "/guide/sweep" },
  { text: "Ablations", link: "/guide/ablations" },
  { text: "Native TensorFlow", link: "/guide/native" },
  { text: "Watching a run", link: "/guide/watch" },
  { text: "Metrics", link: "/guide/metrics" },
  { text: "Real models", link: "/guide/models" },
  { text: "Training an adapter", link: "/guide/lora" },
  { text: "Training on other machines", link: "/guide/scale" },
  { text: "Our engine for other loops", link: "/guide/engine-server" },
  { text: "Security of the sandbox", link: "/guide/sandbox-security" },
];

export default defineConfig({
  title: "retool-ts",
  description: "Reinforcement learning for tool-using language models, in TypeScript",
  lang: "en",
  cleanUrls: false,
  lastUpdated: false,
  head: [["link", { rel: "icon", href: "data:," }]],
  srcExclude: ["test/**", "node_modules/**"],
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "Guide", link: "/guide/getting-started" },
      { text: "API", link: "/api/" },
    ],
    sidebar: {
      "/guide/": [{ text: "Guide", items: guide }],
      "/api/": [{ text: "API", link: "/api/", items: reference() }],
    },
    outline: { level: [2, 3] },
    docFooter: { prev: "Previous page", next: "Next page" },
  },
});

/** The reference's own sidebar, written by typedoc. */
function reference(): DefaultTheme.SidebarItem[] {
  const file = fileURLToPath(new URL("../api/typedoc-sidebar.json", import.meta.url));
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as DefaultTheme.SidebarItem[]) : [];
}
