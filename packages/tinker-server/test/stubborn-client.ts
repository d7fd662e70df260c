import { randomUUID } from "node:crypto";
import type { Answer } from "./test-client.js";
import { TestClient } from "./test-client.js";

/** A client that asks again with the same body and the same name for the request, as the SDK does. */
export class StubbornClient extends TestClient {
  readonly #deadlineMs: number;

  constructor(url: string, deadlineMs = 1500) {
    super(url);
    this.#deadlineMs = deadlineMs;
  }

  override async post<T = Record<string, unknown>>(
    route: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<T>> {
    const named = { "x-idempotency-key": randomUUID(), ...headers };
    for (;;) {
      try {
        const answer = await Promise.race([super.post<T>(route, body, named), overdue(this.#deadlineMs)]);
        if (answer.status !== 429 && answer.status < 500) return answer;
      } catch (error) {
        if (!(error instanceof TypeError || error instanceof SyntaxError || error instanceof Overdue)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

class Overdue extends Error {}

/** Nothing comes any more: the deadline covers the body. */
function overdue(deadlineMs: number): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Overdue()), deadlineMs).unref());
}
