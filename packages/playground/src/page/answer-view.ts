import { markup, renderBlock, type Html } from "@retool-ts/report/parts";
import { blocksOf, type RecordedSegment } from "@retool-ts/runs/records";
import type { FollowedAnswer } from "../protocol.js";

/** Milliseconds that each token is shown for before the next: the model is faster than a reader. */
const TOKEN_MS = 45;

/** One answer as it comes, token by token, with code and output set apart. */
export class AnswerView {
  readonly #place: HTMLElement;
  readonly #isAtOnce: () => boolean;
  readonly #waiting: { readonly kind: "model" | "tool"; readonly text: string }[] = [];
  #segments: RecordedSegment[] = [];
  #end: FollowedAnswer | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param isAtOnce - true while nothing should move: a reader wants no motion, or does not look. */
  constructor(place: HTMLElement, isAtOnce: () => boolean) {
    this.#place = place;
    this.#isAtOnce = isAtOnce;
  }

  /** Forgets the last answer. */
  begin(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#waiting.length = 0;
    this.#segments = [];
    this.#end = undefined;
    this.#place.classList.remove("right", "wrong");
    this.#draw(markup`<p class="why">answering …</p>`);
  }

  /** Text that has come. */
  part(kind: "model" | "tool", text: string): void {
    this.#waiting.push({ kind, text });
    this.#timer ??= setInterval(() => this.#show(), TOKEN_MS);
  }

  /** The whole answer, shown once all its parts have been. */
  end(answer: FollowedAnswer): void {
    this.#end = answer;
    this.#timer ??= setInterval(() => this.#show(), TOKEN_MS);
  }

  #show(): void {
    const count = this.#isAtOnce() ? this.#waiting.length : 1;
    for (const { kind, text } of this.#waiting.splice(0, count)) {
      const last = this.#segments.at(-1);
      if (last?.kind === kind) this.#segments[this.#segments.length - 1] = { ...last, text: last.text + text };
      else this.#segments.push({ kind, text, tokens: 0 });
    }
    if (this.#waiting.length > 0 || this.#end === undefined) {
      this.#draw(markup`${blocksOf({ segments: this.#segments, toolCalls: [] }).map(renderBlock)}`);
      if (this.#waiting.length > 0) return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#end !== undefined) this.#finish(this.#end);
  }

  #finish({ record, isGraded, step }: FollowedAnswer): void {
    const blocks = blocksOf(record).filter(({ kind }) => kind !== "prompt");
    const verdict = isGraded
      ? markup`<b class="badge ${record.correct ? "right" : "wrong"}">${record.correct ? "✓ right" : "✗ wrong"}</b>
          <span>${record.prediction === undefined ? "no answer found" : `answered ${record.prediction}`}</span>
          <span>expected <b>${record.groundTruth}</b></span>`
      : markup`<span>${record.prediction === undefined ? "no answer found" : `answered ${record.prediction}`}; this page does not know the right answer to your problem</span>`;
    const code = record.toolCalls.length === 0 ? "without code" : "with code";
    this.#place.classList.add(record.correct ? "right" : "wrong");
    this.#draw(
      markup`${blocks.map(renderBlock)}<footer>${verdict}<span>${code}, ${record.responseTokens} tokens, after ${step} steps of training</span></footer>`,
    );
  }

  #draw(html: Html): void {
    this.#place.innerHTML = html.markup;
  }
}
