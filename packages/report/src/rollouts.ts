import type { TrajectoryRecord } from "@retool-ts/runs";
import { markup, type Html } from "./markup.js";
import { phaseTitle, phaseWords } from "./phase-title.js";
import type { RecordPair } from "./record-sample.js";
import { problemFacts, renderPrompt, renderRollout } from "./rollout-card.js";
import type { RunData } from "./run-data.js";
import { within } from "./analysis-sections.js";

const MOST_ROLLOUTS = 80;
const MOST_PAIRS = 12;
/** Bytes of markup; whatever models write, the page stays below three megabytes. */
const ROLLOUT_BYTES = 1_200_000;
const PAIR_BYTES = 500_000;

/** Rollouts to read, with filters; the page says how many of how many are there. */
export function renderRollouts({ records }: RunData): Html {
  const total = [...records.counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return markup`<p class="empty">This run kept no rollouts.</p>`;
  const chosen = records.records().slice(0, MOST_ROLLOUTS).sort(byStep);
  const cards = within(
    ROLLOUT_BYTES,
    chosen.map((record) => () => renderRollout(record)),
  );
  return markup`<p>
      ${cards.length} of ${total} rollouts are on this page, chosen evenly over phases and verdicts and always the same ones.
      <code>retool inspect</code> shows all of them.
    </p>
    ${renderCards(chosen, cards)}`;
}

/** Cards of rollouts under filters by what these differ in. */
export function renderCards(records: readonly TrajectoryRecord[], cards: readonly Html[]): Html {
  const values = (of: (record: TrajectoryRecord) => string | undefined) =>
    [...new Set(records.flatMap((record) => of(record) ?? []))].sort();
  const calls = ["none", "all ran", "one failed"];
  const filters = [
    select("verdict", ["right", "wrong"]),
    select("phase", [...new Set(records.map(({ phase }) => phase))]),
    select(
      "family",
      values(({ family }) => family),
    ),
    select(
      "stop",
      values(({ stopReason }) => stopReason),
      "stopped",
    ),
    select("calls", calls),
  ];
  return markup`<form class="filters" data-cards hidden>${filters}<output></output></form>
    <div class="rollouts">${cards}</div>`;
}

/** The same problems in the first and the last evaluation, side by side; nothing when they share none. */
export function renderPairs({ records, summary }: RunData): Html | undefined {
  const phases = Object.keys(summary?.phases ?? {});
  const [before, after] = [phases[0], phases.at(-1)];
  if (before === undefined || after === undefined || before === after) return undefined;
  const pairs = records.pairs(before, after);
  if (pairs.length === 0) return undefined;
  const rows = within(
    PAIR_BYTES,
    pairs.slice(0, MOST_PAIRS).map((pair) => () => renderPair(pair)),
  );
  const count = (was: boolean, is: boolean) => pairs.filter((pair) => pair.before.correct === was && pair.after.correct === is).length;
  return markup`<p>
      The first sample of ${pairs.length} problems, ${phaseWords(before)}, against ${phaseWords(after)}: ${count(false, true)} went from
      wrong to right, ${count(true, false)} from right to wrong, ${count(true, true)} stayed right, ${count(false, false)} stayed wrong.
      ${rows.length} of them are shown, in this order.
    </p>
    ${rows}`;
}

function renderPair({ before, after }: RecordPair): Html {
  const prompt = renderPrompt(before);
  const sides = [before, after].map((record) => renderRollout(record, { isSide: true }));
  return markup`<div class="pair">
    <p class="why">${problemFacts(before)}</p>
    ${prompt}
    <div class="sides">${sides}</div>
  </div>`;
}

function byStep(a: TrajectoryRecord, b: TrajectoryRecord): number {
  return a.step - b.step || (a.phase < b.phase ? -1 : a.phase > b.phase ? 1 : Number(a.correct) - Number(b.correct));
}

function select(name: string, values: readonly string[], label = name): Html | undefined {
  if (values.length < 2) return undefined;
  const options = values.map((value) => markup`<option value="${value}">${name === "phase" ? phaseTitle(value) : value}</option>`);
  return markup`<label>${label} <select name="${name}"><option value="">all</option>${options}</select></label>`;
}
