import type { CodeRunner, ToolStatus } from "../src/index.js";

export interface FakeRun {
  readonly feedback: string;
  readonly status?: ToolStatus;
  readonly fuel?: number;
}

/** Answers code from a function, and records what it ran. */
export class FakeCodeRunner implements CodeRunner {
  readonly codes: string[] = [];
  readonly signals: (AbortSignal | undefined)[] = [];
  readonly #reply: (code: string, signal: AbortSignal | undefined) => FakeRun | Promise<FakeRun>;

  constructor(reply: (code: string, signal: AbortSignal | undefined) => FakeRun | Promise<FakeRun>) {
    this.#reply = reply;
  }

  async run(code: string, { signal }: { readonly signal?: AbortSignal } = {}) {
    this.codes.push(code);
    this.signals.push(signal);
    const { feedback, status = "ok", fuel = 0 } = await this.#reply(code, signal);
    return { status, feedback, usage: { fuel } };
  }
}
