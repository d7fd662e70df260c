import { jsonBody } from "../wire/json-body.js";
import { JSON_TYPE } from "../wire/routes.js";
import type { Transport } from "./transport.js";

/** How long servers were seen to keep a silent session: 300 s. */
const INTERVAL_MS = 10_000;

/** State of a session's heartbeats. */
export interface HeartbeatState {
  /** Beats in a row that no answer came to. */
  readonly missed: number;
  /** The last fault. */
  readonly error: unknown;
}

/**
 * Tells a server that a session lives, on a timer of its own beside all other requests: a server forgets the models of a silent session, and
 * a first call that compiles takes minutes.
 */
export class Heartbeat {
  readonly #transport: Transport;
  readonly #sessionId: string;
  readonly #intervalMs: number;
  readonly #stopped = new AbortController();
  #cancel: () => void = () => {};
  #state: HeartbeatState = { missed: 0, error: undefined };

  constructor(transport: Transport, sessionId: string, intervalMs = INTERVAL_MS) {
    this.#transport = transport;
    this.#sessionId = sessionId;
    this.#intervalMs = intervalMs;
    this.#schedule();
  }

  get state(): HeartbeatState {
    return this.#state;
  }

  stop(): void {
    this.#cancel();
    this.#stopped.abort();
  }

  #schedule(): void {
    if (!this.#stopped.signal.aborted) this.#cancel = this.#transport.timer.after(this.#intervalMs, () => void this.#beat(), true);
  }

  /** One beat, without retries: the next is soon. */
  async #beat(): Promise<void> {
    this.#schedule();
    try {
      await this.#transport.send({
        route: "session_heartbeat",
        body: jsonBody({ session_id: this.#sessionId, type: "session_heartbeat" }),
        contentType: JSON_TYPE,
        retries: 0,
        timeoutMs: this.#intervalMs,
        signal: this.#stopped.signal,
      });
      this.#state = { missed: 0, error: undefined };
    } catch (error) {
      this.#state = { missed: this.#state.missed + 1, error };
    }
  }
}
