import { formatDuration } from "@retool-ts/report";

/** Stream that progress is drawn on; a part of `process.stderr`. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A piece of work whose end can be foreseen. */
export interface Progress {
  /** @param note - a few words about the newest result, such as `reward 0.42`. */
  update(done: number, note?: string): void;
  /** Ends it; says how long it took if it was ever shown. */
  done(note?: string): void;
}

export interface ProgressOptions {
  readonly total: number;
  /** Amount that was done before this began; it does not count for the rate. */
  readonly start: number;
  readonly stream: ProgressStream;
  /** Milliseconds. */
  readonly now: () => number;
}

const SHOW_AFTER_MS = 2_000;
const REDRAW_MS = 100;
const LINE_EVERY_MS = 10_000;
const BAR_WIDTH = 24;

/** A bar on a terminal; elsewhere a line at most every ten seconds. Work that is over within two seconds shows nothing. */
export class ProgressBar implements Progress {
  readonly #label: string;
  readonly #options: ProgressOptions;
  readonly #started: number;
  #count = 0;
  #note = "";
  #lastDrawn: number | undefined;
  #isOver = false;

  constructor(label: string, options: ProgressOptions) {
    this.#label = label;
    this.#options = options;
    this.#started = options.now();
  }

  update(done: number, note = this.#note): void {
    if (this.#isOver) return;
    this.#count = done;
    this.#note = note;
    const now = this.#options.now();
    const { isTTY = false } = this.#options.stream;
    if (now - this.#started < SHOW_AFTER_MS) return;
    if (now - (this.#lastDrawn ?? this.#started - LINE_EVERY_MS) < (isTTY ? REDRAW_MS : LINE_EVERY_MS)) return;
    this.#lastDrawn = now;
    if (isTTY) this.draw();
    else this.#options.stream.write(`${this.#line(now)}\n`);
  }

  done(note = this.#note): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#lastDrawn === undefined) return;
    this.erase();
    const elapsed = formatDuration(this.#options.now() - this.#started);
    this.#options.stream.write(`  ${this.#label}: done in ${elapsed}${note === "" ? "" : `, ${note}`}\n`);
  }

  /** Takes the bar off the terminal, to make way for a line. */
  erase(): void {
    if (this.#options.stream.isTTY && this.#lastDrawn !== undefined) this.#options.stream.write("\r\u001b[K");
  }

  /** Draws the bar, if it has been shown and the work goes on. */
  draw(): void {
    const { stream, now } = this.#options;
    if (!stream.isTTY || this.#lastDrawn === undefined || this.#isOver) return;
    stream.write(`\r${this.#line(now()).slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
  }

  #line(now: number): string {
    const { total, start } = this.#options;
    const share = total > 0 ? Math.min(1, this.#count / total) : 0;
    const worked = Math.max(0, this.#count - start);
    const perSecond = (worked / Math.max(1, now - this.#started)) * 1000;
    const left = worked > 0 ? formatDuration((Math.max(0, total - this.#count) / perSecond) * 1000) : "unknown";
    const rate = perSecond >= 1 || perSecond === 0 ? `${perSecond.toFixed(1)}/s` : `${formatDuration(1000 / perSecond)} each`;
    const bar = this.#options.stream.isTTY ? `${"█".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, "░")} ` : "";
    const note = this.#note === "" ? "" : `  ${this.#note}`;
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    return `  ${this.#label} ${bar}${percent}  ${this.#count}/${total}  ${rate}  ${left} left${note}`;
  }
}
