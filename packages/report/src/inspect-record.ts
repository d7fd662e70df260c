import { type Block, type BlockKind, blocksOf, type TrajectoryRecord, visibleText } from "@retool-ts/runs";

const LABELS: Readonly<Record<BlockKind, string>> = {
  prompt: "PROMPT",
  reasoning: "MODEL",
  code: "CODE",
  output: "OUTPUT",
  answer: "ANSWER",
};
const LABEL_WIDTH = 7;

/** SGR codes of each kind of block. */
const COLORS: Readonly<Record<BlockKind, string>> = { prompt: "2", reasoning: "0", code: "36", output: "33", answer: "35" };

/** Colours text; `within` is the colour to go on in. */
type Paint = (code: string, text: string, within?: string) => string;

/** One rollout as text for a terminal: a heading, its blocks behind their labels, and the verdict. */
export function renderRecord(record: TrajectoryRecord, { color }: { readonly color: boolean }): string {
  const paint: Paint = (code, text, within = "0") => (color && text !== "" ? `\u001b[${code}m${text}\u001b[0;${within}m` : text);
  const show = (text: string) => visibleText(text, (picture) => paint("7", picture));
  const kind = [record.family, record.level === undefined ? undefined : `level ${record.level}`].filter((part) => part !== undefined);
  const heading = [`${record.phase} step ${record.step}`, record.problemId, `sample ${record.sampleIndex}`, ...kind].map(show).join(" · ");
  const blocks = blocksOf(record).map((block) => renderBlock(block, paint));
  return [paint("1", `── ${heading}`), ...blocks, verdictOf(record, show, paint), ""].join("\n");
}

function renderBlock({ kind, text, status, isUnread }: Block, paint: Paint): string {
  const notes = [status === undefined || status === "ok" ? "" : `[${status}] `, isUnread === true ? "[not read by the model] " : ""].join(
    "",
  );
  const lines = `${notes}${text}`.split("\n");
  return lines
    .map((line, index) => {
      const label = (index === 0 ? LABELS[kind] : "").padEnd(LABEL_WIDTH);
      const shown = visibleText(line, (picture) => paint("7", picture, COLORS[kind]));
      return `  ${paint("1", label)}│ ${paint(COLORS[kind], shown)}`.trimEnd();
    })
    .join("\n");
}

function verdictOf(record: TrajectoryRecord, show: (text: string) => string, paint: Paint): string {
  const graded = record.prediction === undefined ? "no answer found" : `answered ${show(record.prediction.trim())}`;
  const verdict = record.correct
    ? paint("1;32", `✓ right: ${show(record.groundTruth)}`)
    : `${paint("1;31", `✗ wrong: ${graded}`)}, expected ${show(record.groundTruth)}`;
  const parts = Object.entries(record.parts);
  const terms = parts.length > 1 ? ` (${parts.map(([name, value]) => `${show(name)} ${format(value)}`).join(", ")})` : "";
  const advantage = record.advantage === undefined ? "" : ` · advantage ${format(record.advantage)}`;
  const sizes = `${record.responseTokens} tokens, ${record.turns} ${record.turns === 1 ? "turn" : "turns"}`;
  return `  ${verdict} · score ${format(record.score)}${terms}${advantage} · ${show(record.stopReason)} · ${sizes}`;
}

function format(value: number | null): string {
  if (value === null) return "-"; // JSON has no other word for a number that is none
  return String(Number(value.toFixed(3)));
}
