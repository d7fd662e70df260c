import { WORK_LEFT } from "./metered-module.js";
import type { EngineInstance, WideGlobal } from "../web-assembly.js";

/**
 * Work that costs one tick of fuel. Interpreted code does less between two ticks of its own, 0.1 to 0.5 million; so this is what
 * built-ins cost that run long without asking the engine's interrupt handler.
 */
export const WORK_PER_TICK = 1_000_000;

/** The counter inside one metered engine. */
export class WorkCounter {
  readonly #left: WideGlobal;
  #granted = 0n;

  constructor({ exports }: EngineInstance) {
    this.#left = exports[WORK_LEFT] as WideGlobal;
  }

  /** Lets the engine work until it has used up more than `ticks`; then it traps. */
  grant(ticks: number): void {
    this.#granted = BigInt(ticks + 1) * BigInt(WORK_PER_TICK);
    this.#left.value = this.#granted;
  }

  /** Charges for what is done outside of the engine. */
  spend(work: bigint): void {
    this.#left.value -= work;
  }

  /** Lets the engine work without an end. */
  release(): void {
    this.#left.value = 2n ** 62n;
  }

  /** Whole ticks since {@link grant}. */
  get ticks(): number {
    return Number((this.#granted - this.#left.value) / BigInt(WORK_PER_TICK));
  }

  /** True when the engine has trapped for it. */
  get isSpent(): boolean {
    return this.#left.value < 0n;
  }
}
