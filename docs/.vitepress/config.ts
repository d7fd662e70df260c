import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { inlineDiagrams } from "./site/diagrams.js";
import { referenceLinks } from "./site/links.js";
import { writeLlms } from "./site/llms.js";
import { referenceSidebar, writeReference } from "./site/reference.js";
import { apiSidebars, GUIDE } from "./site/sidebar.js";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where the site will stand, such as `https://example.org`: what leads to it from outside needs whole addresses. */
const origin = process.env["DOCS_ORIGIN"] ?? "";
const base = process.env["DOCS_BASE"] ?? "/";
const hasCard = existsSync(at("../public/social-card.png"));

writeReference(at("../reference"));

export default defineConfig({
  title: "retool-ts",
  description: "Reinforcement learning for tool-using language models, in TypeScript",
  lang: "en",
  base,
  cleanUrls: false,
  lastUpdated: false,
  head: [
    ["link", { rel: "icon", href: "data:," }],
    ["meta", { property: "og:site_name", content: "retool-ts" }],
    ["meta", { property: "og:type", content: "website" }],
  ],
  transformHead: ({ title, description }) => [
    ["meta", { property: "og:title", content: title }],
    ["meta", { property: "og:description", content: description }],
    ...(hasCard ? card() : []),
  ],
  buildEnd: (site) => writeLlms(site, origin),
  ...(origin === "" ? {} : { sitemap: { hostname: `${origin}${base}` } }),
  srcExclude: ["test/**", "node_modules/**"],
  ignoreDeadLinks: [/^\/playground\//], // the build puts the app there
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
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

/** What other sites show beside a link. */
function card(): [string, Record<string, string>][] {
  const alt = "Curves of six runs: with the tool accuracy rises from 8 to 76 percent, text alone stays at 6";
  return [
    ["meta", { property: "og:image", content: `${origin}${base}social-card.png` }],
    ["meta", { property: "og:image:width", content: "1200" }],
    ["meta", { property: "og:image:height", content: "630" }],
    ["meta", { property: "og:image:alt", content: alt }],
    ["meta", { name: "twitter:card", content: "summary_large_image" }],
  ];
}
