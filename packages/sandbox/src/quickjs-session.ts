import { flattened, type HeapImage } from "./engine/heap-image.js";
import type { Limits } from "./limits.js";
import type { Turn } from "./pool/messages.js";
import type { ExecutionResult, Session } from "./sandbox.js";
import { SerialSession, type CellTerms } from "./serial-session.js";
import { encodeSnapshot } from "./engine/snapshot.js";
import { stateAfter, type WorldState } from "./session-state.js";

/** One run as the sandbox executes it. */
export interface Job extends CellTerms {
  readonly code: string;
  readonly seed: number | undefined;
  readonly turn: Turn | undefined;
}

/** Result of a {@link Job}. */
export interface JobResult {
  readonly result: ExecutionResult;
  /** What it changed in a session's world, when that is to be kept. */
  readonly changes: HeapImage | undefined;
  /** Its id, and the worker's number. */
  readonly id: number;
  readonly home: number | undefined;
}

/** A sandbox as its sessions see it. */
export interface SessionParts {
  readonly limits: Limits;
  /** The start of every world, and its hash. */
  readonly base: HeapImage;
  readonly fingerprint: Uint8Array;
  run(job: Job): Promise<JobResult>;
  onOpen(): void;
  onClose(): void;
}

/** Everything that a session's next cell depends on, apart from limits. */
interface QuickJSState {
  readonly cells: number;
  /** Seed that the next cell sets first; undefined when the random numbers go on. */
  readonly seed: number | undefined;
  /** Undefined while no cell was kept. */
  readonly world: WorldState | undefined;
}

/** The world between two cells is an image of its memory, so any worker can run any cell, and a fork shares it. */
export class QuickJSSession extends SerialSession {
  readonly #parts: SessionParts;
  #state: QuickJSState;

  constructor(parts: SessionParts, state: QuickJSState) {
    super(parts.limits);
    this.#parts = parts;
    this.#state = state;
    parts.onOpen();
  }

  protected async runCell(code: string, terms: CellTerms): Promise<ExecutionResult> {
    const { seed, world } = this.#state;
    const cells = this.#state.cells + 1;
    this.#state = { ...this.#state, cells };
    const turn = { cell: cells, before: world?.id, home: world?.home, parts: world?.parts };
    const { result, changes, id, home } = await this.#parts.run({ code, seed, turn, ...terms });
    if (changes !== undefined) this.#state = { cells, seed: undefined, world: stateAfter(world, changes, { id, home }) };
    return result;
  }

  protected twin(): Session {
    return new QuickJSSession(this.#parts, this.#state);
  }

  protected encode(): Promise<Uint8Array<ArrayBuffer>> {
    const { cells, seed, world } = this.#state;
    const { base, fingerprint } = this.#parts;
    return encodeSnapshot({ cells, seed, image: world && flattened(world.parts, base) }, fingerprint);
  }

  protected async end(idle: Promise<unknown>): Promise<void> {
    this.#parts.onClose();
    await idle;
    this.#state = { cells: 0, seed: undefined, world: undefined };
  }
}
