import { createHash } from "node:crypto";
import { Html, markup } from "./markup.js";
import { PAGE_SCRIPT } from "./page-script.generated.js";
import { STYLE } from "./style.js";

/** A part of a page, reached from its top. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** What a page has beside its sections. */
export interface PageOptions {
  /** Kind of page, behind its name in the title; `retool report` by default. */
  readonly kind?: string;
  /** Style that comes after every page's own. */
  readonly style?: string;
  /** The page's script; by default the one that gives charts a readout and rollouts filters. */
  readonly script?: string;
  /** True for a page that asks the server which it came from for more. */
  readonly asksServer?: boolean;
}

/** A self-contained HTML page: nothing is loaded from elsewhere. */
export function renderPage(name: string, facts: Html, sections: readonly Section[], options: PageOptions = {}): string {
  const { kind = "retool report", style = "", script = PAGE_SCRIPT, asksServer = false } = options;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(policyFor(script, asksServer))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${name} · ${kind}</title>
<style>${new Html(STYLE + style)}</style>
</head>
<body>
<header class="top">
<h1>${name}</h1>
${facts}
<nav aria-label="Sections">${sections.map(({ id, title }) => markup`<a href="#${id}">${title}</a>`)}</nav>
</header>
<main>
${sections.map(({ id, title, body }) => markup`<section id="${id}"><h2>${title}</h2>\n${body}\n</section>\n`)}</main>
<script>${new Html(script)}</script>
</body>
</html>
`;
  return page.markup;
}

/** A policy under which only this page's own script runs, and nothing is loaded: a second wall behind the escaping. */
function policyFor(script: string, asksServer: boolean): string {
  return [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`,
    ...(asksServer ? ["connect-src 'self'"] : []),
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}
