import { createHash } from "node:crypto";
import { renderCurves } from "./curves.js";
import { renderGroupBars } from "./group-bars.js";
import { renderFacts, renderHeadline } from "./headline.js";
import { Html, markup } from "./html.js";
import { renderPairs, renderRollouts } from "./rollouts.js";
import type { RunData } from "./run-data.js";
import { SCRIPT } from "./script.js";
import { STYLE } from "./style.js";

/** A policy under which only this page's own script runs, and nothing is loaded: a second wall behind the escaping. */
const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash("sha256").update(SCRIPT).digest("base64")}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The run as one self-contained HTML page. Equal runs give equal pages. */
export function renderReport(run: RunData): string {
  const sections = [
    { id: "result", title: "Result", body: renderHeadline(run) },
    { id: "groups", title: "Families and levels", body: renderGroupBars(run.summary) },
    { id: "curves", title: "Curves", body: renderCurves(run.metrics) },
    { id: "pairs", title: "Before and after", body: renderPairs(run) },
    { id: "rollouts", title: "Rollouts", body: renderRollouts(run) },
  ].filter((section): section is { id: string; title: string; body: Html } => section.body !== undefined);
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${run.name} · retool report</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header class="top">
<h1>${run.name}</h1>
${renderFacts(run)}
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
