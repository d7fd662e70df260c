import { CHARTS, type Html, markup, renderRunCurves, TIMING_CHARTS } from "@retool-ts/report";
import type { WatchedRun } from "./watched-run.js";

/** Lines that a chart can tell apart. */
const MOST_RUNS = 6;

/** How curves are asked for. */
export interface CurveRequest {
  /** `auto`, `none`, or a number of steps. */
  readonly smooth: string | undefined;
  /** `phase` counts steps from the beginning of each phase. */
  readonly count: string | undefined;
}

/** The curves of some runs, laid over each other. */
export function renderCurvesPart(runs: readonly WatchedRun[], { smooth, count }: CurveRequest): Html {
  if (runs.length === 0) return markup`<p class="empty">Tick a run in the list to see its curves.</p>`;
  const shown = runs.slice(0, MOST_RUNS);
  const note =
    runs.length > MOST_RUNS ? markup`<p class="notice">${MOST_RUNS} of the ${runs.length} ticked runs are drawn.</p>` : undefined;
  const window = Number(smooth);
  const curves = renderRunCurves(
    shown.map(({ name, records }) => ({ name, records })),
    {
      charts: [...CHARTS, ...TIMING_CHARTS],
      smooth: smooth === "none" ? false : Number.isSafeInteger(window) && window > 0 ? Math.min(window, 10_000) : true,
      countsByPhase: count === "phase",
      isLive: true,
    },
  );
  return markup`${note}${curves}`;
}
