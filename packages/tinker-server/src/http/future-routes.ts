import { requestSignal } from "@retool-ts/http";
import { API_PREFIX } from "@retool-ts/tinker/wire";
import type { Hono } from "hono";
import { unknown } from "../request-fault.js";
import { checked, FUTURE_ROUTES, parseJson } from "../service/plan-request.js";
import type { TinkerService } from "../service/tinker-service.js";
import { answerOutcome } from "./answer-outcome.js";
import { readRawBody, type BodyLimits } from "./read-raw-body.js";

/** Options of the routes that make and answer promises. */
export interface FutureRouteOptions {
  readonly limits: BodyLimits;
  /** Milliseconds that a question for an outcome is held. */
  readonly pollMs: number;
  readonly stopping: AbortSignal;
}

/** Adds the routes whose answer is a promise, and those that ask for what it promised. */
export function addFutureRoutes(app: Hono, service: TinkerService, { limits, pollMs, stopping }: FutureRouteOptions): void {
  for (const route of FUTURE_ROUTES) {
    app.post(`${API_PREFIX}/${route}`, async (c) => {
      const body = await readRawBody(c.req.raw, limits);
      return c.json(await service.submit(route, body, c.req.header("x-idempotency-key")?.slice(0, 200)));
    });
  }

  app.post(`${API_PREFIX}/retrieve_future`, async (c) => {
    const { bytes, contentType } = await readRawBody(c.req.raw, limits);
    const { request_id: id } = checked("retrieve", parseJson(bytes, contentType));
    const { signal, release } = requestSignal(c.req.raw, { stopping });
    try {
      const outcome = await service.breathing.rest(() => service.futures.wait(id, pollMs, signal));
      if (outcome === undefined) throw unknown("request", id);
      if (outcome === "pending")
        return c.json({ type: "try_again", request_id: id, queue_state: "active", detail: "not ready; ask again" }, 408);
      // A client that gave up asks again: the time that its result is kept for has not begun.
      if (!c.req.raw.signal.aborted) service.futures.delivered(id);
      return answerOutcome(outcome, c.req.header("accept") ?? "");
    } finally {
      release();
    }
  });

  app.post(`${API_PREFIX}/cancel_future`, async (c) => {
    const { bytes, contentType } = await readRawBody(c.req.raw, limits);
    await service.cancel(checked("retrieve", parseJson(bytes, contentType)).request_id);
    return c.json({ type: "cancel_future" });
  });
}
