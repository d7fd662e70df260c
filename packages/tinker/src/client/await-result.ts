import type { FutureHandle } from "../wire/futures.js";
import { jsonBody } from "../wire/json-body.js";
import { JSON_TYPE, PROTOBUF, type FutureRoute, type FutureRoutes } from "../wire/routes.js";
import { errorOfStatus, TinkerFailedError, TinkerNotFoundError, TinkerTimeoutError } from "./errors.js";
import { readResult } from "./read-answer.js";
import { sleep } from "./timer.js";
import { type Answer, detailOf, type Transport } from "./transport.js";

/** A wait that goes on. */
export interface WaitNotice {
  readonly route: string;
  readonly requestId: string;
  readonly waitedMs: number;
  /** In the server's words. */
  readonly queueState?: string | undefined;
}

/** Settings of waiting for results. */
export interface WaitOptions {
  /** Longest time that one poll is held; then the client asks again, at once. Default 45,000. */
  readonly pollMs?: number;
  /** Longest wait for a result; default 1,800,000. */
  readonly resultMs?: number;
  /** Hears after each poll that brought nothing. */
  readonly onWait?: (notice: WaitNotice) => void;
}

/** A future, and how to ask for it again where the server has lost its result. */
export interface PendingResult<R extends FutureRoute> {
  readonly route: R;
  readonly handle: FutureHandle;
  readonly signal?: AbortSignal | undefined;
  /** Sends the same request with the same key; a server that knows it gives the same future. */
  readonly resubmit?: () => Promise<FutureHandle>;
  /** Hears the id that is waited for, and the new one of a request that was sent again. */
  readonly onId?: (requestId: string) => void;
}

/** Shortest time between polls that a server answers at once, growing to ten times as much. */
const PACE_MS = 50;

/**
 * Polls until a result is there. A poll that times out is no failure; neither is one that says "try again". Polls that are answered at
 * once are spaced out, so that a server that does not hold them is not flooded.
 */
export async function awaitResult<R extends FutureRoute>(
  transport: Transport,
  { route, handle, signal, resubmit, onId }: PendingResult<R>,
  { pollMs = 45_000, resultMs = 1_800_000, onWait }: WaitOptions = {},
): Promise<FutureRoutes[R]["result"]> {
  const { timer } = transport;
  const started = timer.now();
  let requestId = idOf(handle, route);
  onId?.(requestId);
  let queueState: string | undefined;
  let isResubmitted = false;
  for (let quick = 0; ;) {
    const asked = timer.now();
    const waitedMs = asked - started;
    if (waitedMs >= resultMs) {
      const said = queueState === undefined ? "" : `; the server says: ${queueState}`;
      throw new TinkerTimeoutError(`${route}: no result within ${Math.round(waitedMs / 1000)} s${said}`, { route, requestId });
    }
    const answer = await poll(transport, { requestId, route, signal, pollMs });
    if (answer !== undefined && isLost(answer)) {
      const lost = new TinkerNotFoundError(`${route}: the server no longer has the result ${requestId}: ${detailOf(answer.bytes)}`, { route, requestId, status: answer.status }); // prettier-ignore
      if (resubmit === undefined || isResubmitted) throw lost;
      isResubmitted = true;
      const again = idOf(await resubmit(), route);
      if (again === requestId) throw lost;
      requestId = again;
      onId?.(requestId);
      continue;
    }
    if (answer !== undefined && answer.status === 400)
      throw new TinkerFailedError(`${route}: ${detailOf(answer.bytes)}`, { route, requestId, status: 400 });
    if (answer !== undefined && answer.status !== 408) {
      const read = readResult(answer, route, requestId);
      if ("result" in read) return read.result as FutureRoutes[R]["result"];
      const { queue_state: state, queue_state_reason: reason } = read.pending;
      queueState = reason ? `${state}, ${reason}` : state;
    }
    onWait?.({ route, requestId, waitedMs: timer.now() - started, queueState });
    const isQuick = answer !== undefined && timer.now() - asked < 10 * PACE_MS;
    quick = isQuick ? quick + 1 : 0;
    if (isQuick) await sleep(timer, PACE_MS * Math.min(10, quick), signal);
  }
}

function isLost({ status }: Answer): boolean {
  return status === 404 || status === 410;
}

/** A future's id. */
export function idOf(handle: FutureHandle, route: string): string {
  const id = handle.request_id ?? handle.future_id;
  if (id === undefined) throw errorOfStatus(200, "no request_id in the answer", { route });
  return String(id);
}

/** One poll; undefined when it timed out here. */
async function poll(
  transport: Transport,
  {
    requestId,
    route,
    signal,
    pollMs,
  }: { readonly requestId: string; readonly route: FutureRoute; readonly signal?: AbortSignal | undefined; readonly pollMs: number },
): Promise<Answer | undefined> {
  const hasBytes = route === "asample" || route === "forward_backward" || route === "forward";
  try {
    return await transport.send({
      route: "retrieve_future",
      body: jsonBody({ request_id: requestId }),
      contentType: JSON_TYPE,
      accept: hasBytes ? `${PROTOBUF}, ${JSON_TYPE}` : JSON_TYPE,
      signal,
      timeoutMs: pollMs,
      expected: [400, 404, 408, 410],
      isPoll: true,
    });
  } catch (error) {
    if (error instanceof TinkerTimeoutError) return undefined;
    throw error;
  }
}
