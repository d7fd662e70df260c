import { type Html, markup, phaseTitle, renderRollout } from "@retool-ts/report";
import type { TrajectoryRecord } from "@retool-ts/runs";
import { renderSelect } from "./select.js";
import type { WatchedRun } from "./watched-run.js";

/** Rollouts on one page of them. */
const PER_PAGE = 24;

/** Which rollouts are asked for; every field may be absent or wrong. */
export interface RolloutRequest {
  readonly file: string | undefined;
  readonly verdict: string | undefined;
  readonly stop: string | undefined;
  readonly calls: string | undefined;
  readonly problem: string | undefined;
  readonly page: string | undefined;
}

/** Rollouts of a step, the newest unless another is asked for, with filters. */
export async function renderRolloutsPart(run: WatchedRun | undefined, request: RolloutRequest): Promise<Html> {
  if (run === undefined) return markup`<p class="empty">Tick a run in the list to read its rollouts.</p>`;
  const newest = run.files.at(-1);
  if (newest === undefined) return markup`<p class="empty">${run.name} has kept no rollouts yet.</p>`;
  const isNamed = request.file !== undefined && run.files.includes(request.file);
  const file = isNamed ? request.file : newest;
  const all = await run.rollouts(file);
  const fitting = all.filter((record) => fits(record, request));
  const pages = Math.max(1, Math.ceil(fitting.length / PER_PAGE));
  const page = Math.min(pages, Math.max(1, Math.trunc(Number(request.page)) || 1));
  const shown = fitting.slice((page - 1) * PER_PAGE, page * PER_PAGE);
  const stops = [...new Set(all.map(({ stopReason }) => stopReason))].sort();
  const files = [
    { value: "", label: `newest (${fileTitle(newest)})` },
    ...run.files.toReversed().map((name) => ({ value: name, label: fileTitle(name) })),
  ];
  return markup`<form class="filters query">
      ${renderSelect("file", "rollouts of", files, isNamed ? file : "")}
      ${renderSelect("verdict", "verdict", any(["right", "wrong"]), request.verdict)}
      ${renderSelect("stop", "stopped", any(stops), request.stop)}
      ${renderSelect("calls", "calls", any(["none", "ran", "failed"]), request.calls)}
      <label>problem <input name="problem" value="${request.problem ?? ""}" size="12"></label>
      ${renderSelect(
        "page",
        "page",
        Array.from({ length: Math.min(pages, 500) }, (_, i) => ({ value: String(i + 1), label: `${i + 1} of ${pages}` })),
        String(page),
      )}
      <output>${shown.length} of ${fitting.length} that fit, of ${all.length}</output>
    </form>
    <div class="rollouts">${shown.map((record) => renderRollout(record))}</div>`;
}

/** The name of a trajectories file in words: `step 910`, `Final, after RL`. */
export function fileTitle(file: string): string {
  const name = file.replace(/\.jsonl(\.gz)?$/, "");
  const step = /^step-(\d+)$/.exec(name)?.[1];
  return step === undefined ? phaseTitle(name) : `step ${Number(step)}`;
}

function any(values: readonly string[]): { value: string; label: string }[] {
  return [{ value: "", label: "all" }, ...values.map((value) => ({ value, label: value }))];
}

function fits({ correct, stopReason, toolCalls, problemId, question }: TrajectoryRecord, request: RolloutRequest): boolean {
  const { verdict = "", stop = "", calls = "", problem = "" } = request;
  const kind = toolCalls.length === 0 ? "none" : toolCalls.every(({ status }) => status === "ok") ? "ran" : "failed";
  return (
    (verdict === "" || verdict === (correct ? "right" : "wrong")) &&
    (stop === "" || stop === stopReason) &&
    (calls === "" || calls === kind) &&
    (problem === "" || problemId.includes(problem) || question.includes(problem))
  );
}
