import { type Block, type BlockKind, blocksOf, type TrajectoryRecord } from "@retool-ts/runs/records";
import { markup, modelText, type Html } from "./markup.js";
import { phaseTitle } from "./phase-title.js";

/** Characters shown at once, and at all. */
const SHORT_CHARS = 700;
const MOST_CHARS = 6_000;
const MOST_BLOCKS = 60;

const LABELS: Readonly<Record<BlockKind, string>> = {
  prompt: "Prompt",
  reasoning: "Reasoning",
  code: "Code",
  output: "Output",
  answer: "Answer",
};

/** Parts of a card that depend on where it stands. */
export interface RolloutCardOptions {
  /** Leave out the prompt and what else is the same on both sides of a comparison. */
  readonly isSide?: boolean;
}

/** One rollout: verdict and facts, then its blocks, each with its own label, colour and border. */
export function renderRollout(record: TrajectoryRecord, { isSide = false }: RolloutCardOptions = {}): Html {
  const blocks = blocksOf(record).filter(({ kind }) => kind !== "prompt");
  const phase = `${phaseTitle(record.phase)}, step ${record.step}`;
  const facts = isSide ? phase : `${phase} · ${problemFacts(record)}, sample ${record.sampleIndex}`;
  const left =
    blocks.length > MOST_BLOCKS ? markup`<p class="why">${blocks.length - MOST_BLOCKS} more blocks are left out.</p>` : undefined;
  const word = record.correct ? "right" : "wrong";
  return markup`<article class="rollout ${word}" ${cardData(record)}>
    <header>${badge(record)}<span>${facts}</span></header>
    ${isSide ? undefined : renderPrompt(record)}
    ${blocks.slice(0, MOST_BLOCKS).map(renderBlock)}${left}
    <footer>${verdict(record)}</footer>
  </article>
`;
}

/** What filters go by. */
function cardData(record: TrajectoryRecord): Html {
  const { phase, correct, family = "", stopReason, toolCalls } = record;
  const failed = toolCalls.find(({ status }) => status !== "ok");
  const calls = toolCalls.length === 0 ? "none" : failed === undefined ? "all ran" : "one failed";
  return markup`data-phase="${phase}" data-verdict="${correct ? "right" : "wrong"}" data-family="${family}" data-stop="${stopReason}" data-calls="${calls}"`;
}

/**
 * The problem as the model reads it. System message, instructions and tools around the question unfold.
 *
 * @param isWhole - shows all of it at once.
 */
export function renderPrompt(record: TrajectoryRecord, { isWhole = false }: { readonly isWhole?: boolean } = {}): Html {
  const { text } = blocksOf(record).find(({ kind }) => kind === "prompt") ?? { text: record.question };
  const question = record.question.trim();
  if (isWhole || text.trim() === question || !text.includes(question)) return renderBlock({ kind: "prompt", text });
  return markup`<section class="block prompt">
    <p class="label">Prompt</p>
    ${longText(question)}
    <details class="around">
      <summary>with system message and instructions</summary>
      <pre>${modelText(cut(text, MOST_CHARS))}</pre>
    </details>
  </section>`;
}

function badge({ correct }: TrajectoryRecord): Html {
  return correct ? markup`<b class="badge right">✓ right</b>` : markup`<b class="badge wrong">✗ wrong</b>`;
}

/** Family, level and name of the problem. */
export function problemFacts({ family, level, problemId }: TrajectoryRecord): string {
  return [family, level === undefined ? undefined : `level ${level}`, problemId.slice(0, 80)]
    .filter((part) => part !== undefined)
    .join(" · ");
}

function verdict(record: TrajectoryRecord): Html {
  const { prediction, groundTruth, score, parts, advantage, stopReason, turns, responseTokens, promptTokens } = record;
  const number = (value: number) => String(Number(value.toFixed(3)));
  const terms = Object.entries(parts);
  const items = [
    markup`<b>${prediction === undefined ? "no answer found" : `answered ${cut(prediction.trim(), 80)}`}</b>`,
    markup`expected <b>${cut(groundTruth, 80)}</b>`,
    markup`score ${number(score)}${terms.length > 1 ? ` (${terms.map(([name, value]) => `${name} ${number(value)}`).join(", ")})` : ""}`,
    advantage === undefined ? undefined : markup`advantage ${number(advantage)}`,
    markup`stopped: ${stopReason}`,
    markup`${promptTokens} + ${responseTokens} tokens`,
    markup`${turns} ${turns === 1 ? "turn" : "turns"}`,
  ];
  return markup`${items.filter((item) => item !== undefined).map((item) => markup`<span>${item}</span>`)}`;
}

/** A stretch of a rollout with its label, colour and border. */
export function renderBlock({ kind, text, status, isUnread }: Block): Html {
  const isFailed = status !== undefined && status !== "ok";
  const notes = [isFailed ? status : "", isUnread === true ? "not read by the model" : ""].filter((note) => note !== "");
  const label = [LABELS[kind], ...notes].join(" · ");
  return markup`<section class="block ${kind}${isFailed ? " failed" : ""}">
    <p class="label">${label}</p>
    ${longText(text)}
  </section>`;
}

function longText(text: string): Html {
  if (text.length <= SHORT_CHARS) return markup`<pre>${modelText(text)}</pre>`;
  const whole = cut(text, MOST_CHARS);
  const left = text.length - whole.length;
  const note = left > 0 ? markup`<p class="why">${left} more characters are left out of this page.</p>` : undefined;
  return markup`<details>
    <summary>
      <pre>${modelText(cut(text, SHORT_CHARS))}…</pre>
      <span class="all">show all ${text.length} characters</span>
    </summary>
    <pre>${modelText(whole)}</pre>
    ${note}
  </details>`;
}

/** The beginning of a text, never ending in half of a surrogate pair. */
function cut(text: string, chars: number): string {
  if (text.length <= chars) return text;
  return text.slice(0, chars).replace(/[\ud800-\udbff]$/, "");
}
