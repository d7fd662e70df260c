import type { HeapImage } from "./engine/heap-image.js";
import type { Limits } from "./limits.js";
import type { Turn } from "./pool/messages.js";
import type { ExecutionResult, Session } from "./sandbox.js";
import { SerialSession, type CellTerms } from "./serial-session.js";
import { encodeSnapshot, type SessionState } from "./engine/snapshot.js";

/** One run as the sandbox executes it. */
export interface Job extends CellTerms {
  readonly code: string;
  readonly seed: number | undefined;
  readonly turn: Turn | undefined;
}

/** Result of a {@link Job}. */
export interface JobResult {
  readonly result: ExecutionResult;
  /** The world after it, when it is to be kept. */
  readonly image: HeapImage | undefined;
}

/** A sandbox as its sessions see it. */
export interface SessionParts {
  readonly limits: Limits;
  readonly fingerprint: Uint8Array;
  run(job: Job): Promise<JobResult>;
  onOpen(): void;
  onClose(): void;
}

/** The world between two cells is an image of its memory, so any worker can run any cell, and a fork shares it. */
export class QuickJSSession extends SerialSession {
  readonly #parts: SessionParts;
  #state: SessionState;

  constructor(parts: SessionParts, state: SessionState) {
    super(parts.limits);
    this.#parts = parts;
    this.#state = state;
    parts.onOpen();
  }

  protected async runCell(code: string, terms: CellTerms): Promise<ExecutionResult> {
    const { seed, image: before } = this.#state;
    const cells = this.#state.cells + 1;
    this.#state = { ...this.#state, cells };
    const { result, image } = await this.#parts.run({ code, seed, turn: { cell: cells, image: before }, ...terms });
    if (image !== undefined) this.#state = { cells, seed: undefined, image };
    return result;
  }

  protected twin(): Session {
    return new QuickJSSession(this.#parts, this.#state);
  }

  protected encode(): Promise<Uint8Array<ArrayBuffer>> {
    return encodeSnapshot(this.#state, this.#parts.fingerprint);
  }

  protected async end(idle: Promise<unknown>): Promise<void> {
    this.#parts.onClose();
    await idle;
    this.#state = { cells: 0, seed: undefined, image: undefined };
  }
}
