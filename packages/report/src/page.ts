import { createHash } from "node:crypto";
import { Html, markup } from "./html.js";
import { SCRIPT } from "./script.js";
import { STYLE } from "./style.js";

/** A part of a page, reached from its top. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** A policy under which only this page's own script runs, and nothing is loaded: a second wall behind the escaping. */
const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash("sha256").update(SCRIPT).digest("base64")}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** A self-contained HTML page: nothing is loaded from elsewhere. */
export function renderPage(name: string, facts: Html, sections: readonly Section[]): string {
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${name} · retool report</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header class="top">
<h1>${name}</h1>
${facts}
<nav>${sections.map(({ id, title }) => markup`<a href="#${id}">${title}</a>`)}</nav>
</header>
<main>
${sections.map(({ id, title, body }) => markup`<section id="${id}"><h2>${title}</h2>\n${body}\n</section>\n`)}</main>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`;
  return page.markup;
}
