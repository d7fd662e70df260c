import { InputError } from "@retool-ts/core";
import { CountingSandbox, type SandboxDefaults, type SingleRun } from "../counting-sandbox.js";
import { withFeedback } from "../feedback.js";
import type { Limits } from "../limits.js";
import type { ExecutionResult, Session, SessionOptions } from "../sandbox.js";
import { PythonSession, type PythonJob, type PythonSessionParts } from "./python-session.js";
import { decodePythonSnapshot } from "./python-snapshot.js";
import type { SupervisedInterpreters } from "./supervised-interpreters.js";

interface Settings extends SandboxDefaults {
  readonly fingerprint: string;
}

/** Cells of Python in processes of their own. */
export class PythonSandbox extends CountingSandbox {
  readonly #pool: SupervisedInterpreters;
  readonly #fingerprint: string;
  #lastWorld = 0;

  constructor(pool: SupervisedInterpreters, settings: Settings) {
    super(pool, settings);
    this.#pool = pool;
    this.#fingerprint = settings.fingerprint;
  }

  async open({ seed, limits, from }: SessionOptions = {}): Promise<Session> {
    this.assertOpen();
    const parts: PythonSessionParts = {
      limits: this.limitsOf(limits),
      fingerprint: this.#fingerprint,
      run: (job) => {
        this.assertOpen();
        return this.#execute(job);
      },
      onOpen: () => {
        this.countSessions(1);
        return ++this.#lastWorld;
      },
      onClose: (world) => {
        this.countSessions(-1);
        this.#pool.forget(world);
      },
    };
    if (from === undefined) return new PythonSession(parts, { seed: this.seedOf(seed), past: [] });
    const state = decodePythonSnapshot(from, parts.fingerprint);
    if (seed !== undefined) {
      throw new InputError({
        what: "sandbox",
        where: "seed",
        expected: "none beside a snapshot of a Python session",
        found: String(seed),
        fix: "leave the seed out: the snapshot's random numbers go on",
      });
    }
    return new PythonSession(parts, state);
  }

  protected runOnce(run: SingleRun): Promise<ExecutionResult> {
    return this.#execute({ ...run, world: 0, past: [], cell: 1 });
  }

  async #execute({ signal, ...job }: PythonJob): Promise<ExecutionResult> {
    const { limits, world, code } = job;
    const { outcome } =
      code.length > limits.codeChars ? { outcome: tooLong(code, limits) } : await this.#pool.submit({ id: this.nextId(), ...job }, signal);
    this.countFinished(outcome.status);
    return withFeedback(outcome, { outputChars: limits.outputChars, isTurn: world !== 0 });
  }
}

function tooLong({ length }: string, { codeChars }: Limits) {
  const message = `the code has ${length} characters, more than the limit of ${codeChars}`;
  const usage = { fuel: 0, wallMs: 0, memoryBytes: 0 };
  return { status: "error", stdout: "", stderr: "", truncated: false, usage, error: { name: "Error", message } } as const;
}
