import { createHash } from "node:crypto";
import { visibleText } from "@retool-ts/runs";
import { STYLE } from "./style.js";

/** Markup that is safe to put into a page as it is. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** A value of a {@link markup} template. Text is escaped, markup is not; a list is joined; undefined is nothing. */
export type HtmlValue = string | number | Html | undefined | readonly HtmlValue[];

/** A template in which every value is escaped, for element content and for quoted attributes alike, unless it is {@link Html} already. */
export function markup(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.map((part, index) => part + (index < values.length ? markupOf(values[index]) : "")).join(""));
}

function markupOf(value: HtmlValue): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.markup;
  if (typeof value === "object") return value.map(markupOf).join("");
  return escapeHtml(visibleText(String(value)));
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Text of a model as element content: escaped, and with what would act or hide made visible and marked. */
export function modelText(text: string): Html {
  return new Html(visibleText(escapeHtml(text), (picture) => `<b class="ctl">${picture}</b>`));
}

/** The page's script: filters over rollouts, and a readout under the pointer on charts. It holds no data of the run. */
const SCRIPT = `
"use strict";
for (const form of document.querySelectorAll("form.filters")) {
  const cards = [...form.nextElementSibling.querySelectorAll(".rollout")];
  const apply = () => {
    let shown = 0;
    for (const card of cards) {
      const fits = [...form.querySelectorAll("select")].every((s) => s.value === "" || card.dataset[s.name] === s.value);
      card.hidden = !fits;
      if (fits) shown++;
    }
    form.querySelector("output").textContent = shown + " of " + cards.length + " shown";
  };
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
}
for (const svg of document.querySelectorAll("svg[data-series]")) {
  const series = JSON.parse(svg.dataset.series);
  const output = svg.closest("figure").querySelector("output");
  const before = output.textContent;
  const cursor = svg.querySelector(".cursor");
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    let nearest;
    for (const [, points] of series) for (const point of points) {
      if (!nearest || Math.abs(point[2] - x) < Math.abs(nearest[2] - x)) nearest = point;
    }
    cursor.setAttribute("x1", nearest[2]);
    cursor.setAttribute("x2", nearest[2]);
    svg.classList.add("hover");
    const values = series.map(([name, points]) => {
      const point = points.find((candidate) => candidate[0] === nearest[0]);
      return point && (series.length > 1 ? name + " " : "") + point[1];
    });
    output.textContent = "step " + nearest[0] + ": " + values.filter(Boolean).join(", ");
  });
  svg.addEventListener("pointerleave", () => {
    svg.classList.remove("hover");
    output.textContent = before;
  });
}
`;

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
