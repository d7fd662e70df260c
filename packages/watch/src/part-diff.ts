import { type Html, markup, modelText, problemFacts, renderPrompt, renderRollout } from "@retool-ts/report";
import type { TrajectoryRecord } from "@retool-ts/runs";
import { diffWordsWithSpace } from "diff";
import { fileTitle } from "./part-rollouts.js";
import { renderSelect } from "./select.js";
import type { WatchedRun } from "./watched-run.js";

/** Problems to choose from. */
const MOST_PROBLEMS = 300;
/** Characters of a rollout that are compared word by word, and edits after which it is left at the two texts. */
const MOST_CHARS = 20_000;
const MOST_EDITS = 2_000;

/** Which rollouts are compared: `RUN FILE` each, and a problem that both have. */
export interface DiffRequest {
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly problem: string | undefined;
}

interface Side {
  readonly run: WatchedRun;
  readonly file: string;
  readonly records: ReadonlyMap<string, TrajectoryRecord>;
}

/** One problem's rollouts at two steps or of two runs, side by side and word by word. */
export async function renderDiff(runs: readonly WatchedRun[], request: DiffRequest): Promise<Html> {
  const places = runs.flatMap((run) => run.files.map((file) => ({ run, file, value: `${run.id} ${file}` })));
  if (places.length < 2) return markup`<p class="empty">Two kept sets of rollouts are needed: of two steps, or of two runs.</p>`;
  const first = places.find(({ value }) => value === request.before) ?? places[0]!;
  const last = places.find(({ value }) => value === request.after) ?? places.findLast((place) => place !== first)!;
  const [before, after] = [await sideOf(first), await sideOf(last)];
  const common = [...before.records.values()]
    .flatMap((record) => {
      const other = after.records.get(record.problemId);
      return other === undefined ? [] : [{ before: record, after: other }];
    })
    .sort((a, b) => interest(a) - interest(b));
  const chosen = common.find(({ before: { problemId } }) => problemId === request.problem) ?? common[0];
  const options = places.map(({ run, file, value }) => ({ value, label: `${run.name}, ${fileTitle(file)}` }));
  const problems = common.slice(0, MOST_PROBLEMS).map((pair) => ({
    value: pair.before.problemId,
    label: `${pair.before.problemId.slice(0, 60)}: ${verdict(pair.before)} → ${verdict(pair.after)}`,
  }));
  const form = markup`<form class="filters query">
    ${renderSelect("before", "before", options, first.value)} ${renderSelect("after", "after", options, last.value)}
    ${renderSelect("problem", "problem", problems, chosen?.before.problemId)}
    <output>${common.length} problems in both</output>
  </form>`;
  if (chosen === undefined) return markup`${form}<p class="empty">They have no problem in common.</p>`;
  return markup`${form}
    <div class="pair">
      <p class="why">${problemFacts(chosen.before)}</p>
      ${renderPrompt(chosen.before)}
      <div class="sides">${[chosen.before, chosen.after].map((record) => renderRollout(record, { isSide: true }))}</div>
      ${renderWords(responseText(chosen.before), responseText(chosen.after))}
    </div>`;
}

async function sideOf({ run, file }: { readonly run: WatchedRun; readonly file: string }): Promise<Side> {
  const records = new Map<string, TrajectoryRecord>();
  for (const record of await run.rollouts(file)) if (!records.has(record.problemId)) records.set(record.problemId, record);
  return { run, file, records };
}

/** Problems that changed from wrong to right come first, then the other way, then the rest. */
function interest({ before, after }: { readonly before: TrajectoryRecord; readonly after: TrajectoryRecord }): number {
  return before.correct === after.correct ? 2 : before.correct ? 1 : 0;
}

function verdict({ correct }: TrajectoryRecord): string {
  return correct ? "right" : "wrong";
}

function responseText({ segments }: TrajectoryRecord): string {
  return segments
    .filter(({ kind }) => kind !== "prompt")
    .map(({ text }) => text)
    .join("");
}

/** Both texts as one: what only the first has is struck out, what only the second has is underlined. */
function renderWords(before: string, after: string): Html {
  if (before === after) return markup`<p class="why">Both responses are the same.</p>`;
  const changes = diffWordsWithSpace(before.slice(0, MOST_CHARS), after.slice(0, MOST_CHARS), { maxEditLength: MOST_EDITS });
  if (changes === undefined) return markup`<p class="why">The responses have too little in common for a comparison by words.</p>`;
  const words = changes.map(({ value, added, removed }) =>
    removed ? markup`<del>${modelText(value)}</del>` : added ? markup`<ins>${modelText(value)}</ins>` : modelText(value),
  );
  return markup`<p class="why">Word by word: <del>only before</del>, <ins>only after</ins>.</p>
    <pre class="config words">${words}</pre>`;
}
