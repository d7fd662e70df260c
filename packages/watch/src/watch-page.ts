import { markup, renderPage, type Section } from "@retool-ts/report";
import { renderSelect } from "./select.js";
import { UPLOT_STYLE, WATCH_SCRIPT } from "./page-script.generated.js";

const STYLE = `
.state.running { color: var(--green); } .state.stopped { color: var(--soft); }
.runs th label { display: inline-flex; gap: 8px; align-items: baseline; overflow-wrap: anywhere; }
.runs td { text-align: left; } .runs thead th { text-align: left; }
.query { position: static; } .query select { max-width: 22em; } .query input { padding: 4px 6px; border: 1px solid var(--rule); border-radius: 4px; background: var(--card); color: inherit; font: inherit; }
.query label { display: inline-flex; flex-wrap: wrap; gap: 4px; align-items: baseline; max-width: 100%; } .query select, .query input { max-width: 100%; min-width: 0; }
.differ td { width: 38%; }
ins { background: color-mix(in srgb, var(--green) 18%, transparent); } del { background: color-mix(in srgb, var(--red) 16%, transparent); }
.words { padding: 8px 10px; border: 1px solid var(--rule); border-radius: 4px; background: var(--card); }
#status { color: var(--soft); font-size: 13px; }
`;

const SMOOTHING = [
  { value: "auto", label: "a twentieth of the steps" },
  { value: "none", label: "none" },
  ...["10", "50", "200"].map((value) => ({ value, label: `${value} steps` })),
];
const COUNTING = [
  { value: "phase", label: "from the beginning of each phase" },
  { value: "run", label: "over the whole run" },
];

const SECTIONS: readonly Section[] = [
  { id: "runs", title: "Runs", body: markup`<div id="runs-part"></div>` },
  {
    id: "curves",
    title: "Curves",
    body: markup`<form class="filters query" id="curves-form">
        ${renderSelect("smooth", "smooth over", SMOOTHING, "auto")} ${renderSelect("count", "count steps", COUNTING, "phase")}
      </form>
      <div id="curves-part"></div>`,
  },
  {
    id: "rollouts",
    title: "Rollouts",
    body: markup`<p class="why">Of the first run that is ticked above.</p>
      <div id="rollouts-part"></div>`,
  },
  { id: "diff", title: "One problem, twice", body: markup`<div id="diff-part"></div>` },
  { id: "config", title: "Settings", body: markup`<div id="config-part"></div>` },
];

const FACTS = markup`<p id="status" role="status">connecting</p>
  <noscript><p class="notice">This page needs its script; retool report writes one that does not.</p></noscript>`;

/** The dashboard before it has asked for any run; the same for everybody. */
export const WATCH_PAGE = renderPage("Training runs", FACTS, SECTIONS, {
  kind: "retool watch",
  style: UPLOT_STYLE + STYLE,
  script: WATCH_SCRIPT,
  asksServer: true,
});
