import { jsonBody } from "../wire/json-body.js";
import { JSON_TYPE } from "../wire/routes.js";
import { TinkerError } from "./errors.js";
import { Gate } from "./lane.js";
import type { Transport } from "./transport.js";

/** Cancellations that are sent at once: a server without them says so to the first few. */
const MAX_AT_ONCE = 16;
/** Statuses of a server that cannot cancel. */
const CANNOT = [404, 405, 501];

/** A future that is waited for. */
export interface Outstanding {
  /** Names it, and names it anew where it was sent again. */
  readonly is: (requestId: string) => void;
  readonly cancel: () => void;
  /** Its result is there, or given up. */
  readonly end: () => void;
}

/** Tells a server of results that nobody waits for any more. Servers that cannot cancel are left alone. */
export class Cancellations {
  readonly #transport: Transport;
  readonly #gate = new Gate(MAX_AT_ONCE);
  readonly #waiting = new Set<{ id: string | undefined }>();
  readonly #underWay = new Set<Promise<void>>();
  #isOffered = true;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  outstanding(): Outstanding {
    const future: { id: string | undefined } = { id: undefined };
    this.#waiting.add(future);
    return {
      is: (id) => void (future.id = id),
      cancel: () => {
        if (future.id !== undefined) this.#track(this.#send(future.id));
      },
      end: () => void this.#waiting.delete(future),
    };
  }

  /** Cancels a request that is still being sent, once its id is there. */
  cancelWhenKnown(sending: Promise<string>): void {
    this.#track(sending.then((id) => this.#send(id)));
  }

  /** Cancels what is waited for, and waits until the server has heard all. */
  async cancelAll(): Promise<void> {
    for (const { id } of this.#waiting) if (id !== undefined) this.#track(this.#send(id));
    await Promise.all(this.#underWay);
  }

  async #send(requestId: string): Promise<void> {
    await this.#gate.run(async () => {
      if (!this.#isOffered) return;
      const body = jsonBody({ request_id: requestId });
      try {
        await this.#transport.send({
          route: "cancel_future", body, contentType: JSON_TYPE, accept: JSON_TYPE, retries: 1, timeoutMs: 10_000,
        }); // prettier-ignore
      } catch (error) {
        if (error instanceof TinkerError && CANNOT.includes(error.status ?? 0)) this.#isOffered = false;
      }
    });
  }

  /** Faults are not told: what goes on at the server ends by itself. */
  #track(work: Promise<void>): void {
    const tracked = work.catch(() => {}).finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }
}
