import type { Limits } from "../limits.js";
import type { ExecutionResult, Session } from "../sandbox.js";
import { SerialSession, type CellTerms } from "../serial-session.js";
import { encodePythonSnapshot, type PythonState } from "./python-snapshot.js";

/** One cell of a session as the sandbox executes it. */
export interface PythonJob extends PythonState, CellTerms {
  readonly world: number;
  readonly cell: number;
  readonly code: string;
}

/** A sandbox as its sessions see it. */
export interface PythonSessionParts {
  readonly limits: Limits;
  readonly fingerprint: string;
  run(job: PythonJob): Promise<ExecutionResult>;
  onOpen(): number;
  onClose(world: number): void;
}

/** Its cells are kept, and run again where no process holds their effects: after a cell that died, in a fork, from a snapshot. */
export class PythonSession extends SerialSession {
  readonly #parts: PythonSessionParts;
  readonly #world: number;
  #state: PythonState;

  constructor(parts: PythonSessionParts, state: PythonState) {
    super(parts.limits);
    this.#parts = parts;
    this.#state = state;
    this.#world = parts.onOpen();
  }

  protected async runCell(code: string, terms: CellTerms): Promise<ExecutionResult> {
    const { limits } = terms;
    const state = this.#state;
    const result = await this.#parts.run({ ...state, world: this.#world, cell: state.past.length + 1, code, ...terms });
    const hasRun = code.length <= limits.codeChars;
    if (hasRun && (result.status === "ok" || result.status === "error"))
      this.#state = { ...state, past: [...state.past, { code, limits }] };
    return result;
  }

  protected twin(): Session {
    return new PythonSession(this.#parts, this.#state);
  }

  protected encode(): Uint8Array<ArrayBuffer> {
    return encodePythonSnapshot(this.#state, this.#parts.fingerprint);
  }

  protected async end(idle: Promise<unknown>): Promise<void> {
    await idle;
    this.#parts.onClose(this.#world);
  }
}
