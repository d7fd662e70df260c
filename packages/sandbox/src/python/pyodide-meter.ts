import { Buffer } from "node:buffer";
import { StringDecoder } from "node:string_decoder";
import type { WorkCounter } from "../engine/work-counter.js";
import type { PyodideClock } from "./pyodide-clock.js";
import type { CellLimits } from "./protocol.js";

/** The engine polls once in 50 branches or calls; a tick of fuel is 10 000 of them. */
const POLLS_PER_TICK = 200;

/** Polls between two interrupts of code that was told to stop, and how many it may go on for. */
const INSIST_POLLS = 1_000;
const LAST_POLLS = 3_000;

/** The engine's signal number of a keyboard interrupt. */
const INTERRUPT = 2;

/** Polls between two looks for the parent process. */
const ORPHAN_POLLS = 16_384;

/** Ticks of work that code may go on for once it was told to stop. */
const LAST_TICKS = 100;

/** Limits that end a run from inside. */
export type Stop = "fuel" | "timeout" | "output";

/** Counts what a cell uses, and interrupts it when it must stop. The engine reads index 0 at each poll. */
export class PyodideMeter {
  readonly #clock: PyodideClock;
  readonly #work: WorkCounter;
  readonly #now: () => number;
  readonly #write: (descriptor: 1 | 2, bytes: Uint8Array) => void;
  readonly #onDeaf: (stop: Stop) => void;
  readonly #onLong: () => void;
  #limits: CellLimits | undefined;
  #decoders = { 1: new StringDecoder(), 2: new StringDecoder() };
  #endMs = 0;
  #polls = 0;
  /** Fuel that was used when the run was stopped or had ended. */
  #fuel: number | undefined;
  #chars = 0;
  #stopped: Stop | undefined;
  #stoppedAt = 0;

  /**
   * @param write - hands output on.
   * @param onLong - is called from time to time while code runs.
   * @param onDeaf - ends the process: the code goes on although it was told to stop.
   */
  constructor(
    { clock, work, now }: { readonly clock: PyodideClock; readonly work: WorkCounter; readonly now: () => number },
    write: (descriptor: 1 | 2, bytes: Uint8Array) => void,
    onDeaf: (stop: Stop) => void,
    onLong: () => void,
  ) {
    this.#clock = clock;
    this.#work = work;
    this.#now = now;
    this.#write = write;
    this.#onDeaf = onDeaf;
    this.#onLong = onLong;
  }

  get fuel(): number {
    return this.#fuel ?? this.#used();
  }

  /** The limit that was met. */
  get stopped(): Stop | undefined {
    if (this.#limits !== undefined && this.#work.isSpent) this.#stop("fuel");
    return this.#stopped;
  }

  begin(limits: CellLimits): void {
    this.#limits = limits;
    this.#decoders = { 1: new StringDecoder(), 2: new StringDecoder() };
    this.#endMs = this.#now() + limits.wallMs;
    this.#polls = 0;
    this.#chars = 0;
    this.#fuel = undefined;
    this.#stopped = undefined;
    this.#work.grant(limits.fuel);
  }

  /** No more is counted. */
  end(): void {
    this.#fuel = this.#used(this.#work.allTicks);
    this.#limits = undefined;
    this.#work.release();
  }

  /** The value that the engine reads in place of a signal buffer. */
  get 0(): number {
    const limits = this.#limits;
    if (limits === undefined) return 0;
    this.#clock.ran();
    this.#polls++;
    if (this.#stopped !== undefined) {
      const since = this.#polls - this.#stoppedAt;
      if (since > LAST_POLLS) this.#onDeaf(this.#stopped);
      return since % INSIST_POLLS === 1 ? INTERRUPT : 0;
    }
    if (this.#used() > limits.fuel) this.#stop("fuel");
    else if (this.#polls % 64 === 0 && this.#now() > this.#endMs) this.#stop("timeout");
    if (this.#polls % ORPHAN_POLLS === 0) this.#onLong();
    return 0;
  }

  /** The engine acknowledges a signal. */
  set 0(_value: number) {
    return;
  }

  /** Hands on what fits into `outputChars`; the first character beyond stops the run. */
  output(descriptor: 1 | 2, bytes: Uint8Array): void {
    const limits = this.#limits;
    if (limits === undefined || this.#stopped === "output") return;
    this.#chars += this.#decoders[descriptor].write(Buffer.from(bytes)).length;
    this.#write(descriptor, bytes);
    if (this.#chars > limits.outputChars) this.#stop("output");
  }

  /** Ticks so far: of polls, or of the engine's work, whichever is more. */
  #used(work = this.#work.ticks): number {
    return Math.max(Math.floor(this.#polls / POLLS_PER_TICK), work);
  }

  #stop(stop: Stop): void {
    this.#stopped ??= stop;
    this.#stoppedAt = this.#polls;
    this.#fuel ??= this.#used();
    this.#work.grant(LAST_TICKS);
  }
}
