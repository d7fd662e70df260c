import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { inlineDiagrams } from "./site/diagrams.js";
import { referenceLinks } from "./site/links.js";
import { referenceSidebar, writeReference } from "./site/reference.js";
import { apiSidebars, GUIDE } from "./site/sidebar.js";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

writeReference(at("../reference"));

export default defineConfig({
  title: "retool-ts",
  description: "Reinforcement learning for tool-using language models, in TypeScript",
  lang: "en",
  base: process.env["DOCS_BASE"] ?? "/",
  cleanUrls: false,
  lastUpdated: false,
  head: [["link", { rel: "icon", href: "data:," }]],
  srcExclude: ["test/**", "node_modules/**"],
  ignoreDeadLinks: [/^\/playground\//], // the build puts the app there
  markdown: {
    config: (markdown) => {
      referenceLinks(markdown);
      inlineDiagrams(markdown, at("../diagrams"));
    },
  },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "Guide", link: "/guide/getting-started", activeMatch: "/guide/" },
      { text: "Reference", link: "/reference/", activeMatch: "/reference/" },
      { text: "API", link: "/api/", activeMatch: "/api/" },
    ],
    sidebar: {
      "/guide/": GUIDE,
      "/reference/": referenceSidebar(),
      ...apiSidebars(at("../api")),
    },
    outline: { level: [2, 3] },
    docFooter: { prev: "Previous page", next: "Next page" },
  },
});
