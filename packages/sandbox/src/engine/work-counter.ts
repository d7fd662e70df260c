import { WORK_LEFT } from "./metered-module.js";
import type { EngineInstance, WideGlobal } from "../web-assembly.js";

/**
 * Work that costs one tick of fuel. Interpreted code does less between two ticks of its own, 0.1 to 0.5 million; so this is what
 * built-ins cost that run long without asking the engine's interrupt handler.
 */
export const WORK_PER_TICK = 1_000_000;

/** Reads of {@link WorkCounter.ticks} between two looks at the counters of further modules. */
const READS_PER_LOOK = 64;

/** The counter inside one metered engine, and those of modules that it loads. */
export class WorkCounter {
  readonly #left: WideGlobal;
  readonly #further: WideGlobal[] = [];
  #granted = 0n;
  #reads = 0;
  #furtherUsed = 0n;

  constructor({ exports }: EngineInstance) {
    this.#left = exports[WORK_LEFT] as WideGlobal;
  }

  /** Counts what another metered module does, too. */
  add({ exports }: EngineInstance): void {
    this.#further.push(exports[WORK_LEFT] as WideGlobal);
  }

  /** Lets the engine work until it has used up more than `ticks`; then it traps. */
  grant(ticks: number): void {
    this.#granted = BigInt(ticks + 1) * BigInt(WORK_PER_TICK);
    this.#left.value = this.#granted;
    for (const left of this.#further) left.value = this.#granted;
    this.#reads = 0;
    this.#furtherUsed = 0n;
  }

  /** Charges for what is done outside of the engine. */
  spend(work: bigint): void {
    this.#left.value -= work;
  }

  /** Lets the engine work without an end. */
  release(): void {
    for (const left of [this.#left, ...this.#further]) left.value = 2n ** 62n;
  }

  /** Whole ticks since {@link grant}; what further modules did lately may be missing. */
  get ticks(): number {
    if (this.#further.length > 0 && this.#reads++ % READS_PER_LOOK === 0) this.#look();
    return Number((this.#granted - this.#left.value + this.#furtherUsed) / BigInt(WORK_PER_TICK));
  }

  /** Whole ticks since {@link grant}, nothing missing. */
  get allTicks(): number {
    this.#look();
    return this.ticks;
  }

  /** True when a module has trapped for it. */
  get isSpent(): boolean {
    return this.#left.value < 0n || this.#further.some(({ value }) => value < 0n);
  }

  #look(): void {
    this.#furtherUsed = this.#further.reduce((used, left) => used + this.#granted - left.value, 0n);
  }
}
