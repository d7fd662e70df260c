import { cutText } from "../cut-text.js";
import type { Limits } from "../limits.js";
import type { ProgressSink } from "../pool/progress.js";
import type { WorkCounter } from "./work-counter.js";

/** Promise jobs that cost one tick of fuel. */
export const JOBS_PER_TICK = 256;

/** Counts what one run uses and says when it must stop: fuel is interrupt ticks and jobs, or the engine's work, whichever is more. */
export class Meter {
  readonly limits: Limits;
  readonly #progress: ProgressSink;
  readonly #work: WorkCounter;
  readonly #startMs = performance.now();
  #stdout = "";
  #stderr = "";
  #jobs = 0;
  #ticks = 0;
  #stopped: "fuel" | "timeout" | "output" | undefined;

  constructor(limits: Limits, progress: ProgressSink, work: WorkCounter) {
    this.limits = limits;
    this.#progress = progress;
    this.#work = work;
    work.grant(limits.fuel);
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get fuel(): number {
    return Math.max(this.#ticks + Math.floor(this.#jobs / JOBS_PER_TICK), this.#work.ticks);
  }

  get wallMs(): number {
    return performance.now() - this.#startMs;
  }

  /** The first limit that was met. */
  get stopped(): "fuel" | "timeout" | "output" | undefined {
    return this.#stopped;
  }

  /** One tick of the engine; true when the run must stop. */
  tick(): boolean {
    this.#ticks++;
    return this.check();
  }

  /** Promise jobs and timer calls that ran; true when the run must stop. */
  addJobs(count: number): boolean {
    this.#jobs += count;
    return this.check();
  }

  check(): boolean {
    if (this.#stopped === undefined) {
      if (this.fuel > this.limits.fuel) this.#stopped = "fuel";
      else if (this.wallMs > this.limits.wallMs) this.#stopped = "timeout";
    }
    return this.#stopped !== undefined;
  }

  /** True when the engine trapped because the run's work was used up. */
  get isSpent(): boolean {
    if (this.#work.isSpent) this.#stopped ??= "fuel";
    return this.#work.isSpent;
  }

  /** Keeps what fits into `outputChars`; the first character beyond stops the run. */
  write(stream: "out" | "err", text: string): void {
    if (this.#stopped === "output") return;
    const room = this.limits.outputChars - this.#stdout.length - this.#stderr.length;
    const kept = cutText(text, room);
    if (stream === "out") this.#stdout += kept;
    else this.#stderr += kept;
    this.#progress.append(stream, kept);
    if (text.length > room) this.#stopped = "output";
  }
}
