import type { ForwardBackwardRequest } from "../wire/forward-backward.js";
import { encodeForwardBackwardRequest } from "../wire/forward-backward-request-proto.js";
import type { FutureHandle } from "../wire/futures.js";
import { jsonBody } from "../wire/json-body.js";
import { JSON_TYPE, PROTOBUF, type DirectRoute, type DirectRoutes, type FutureRoute, type FutureRoutes } from "../wire/routes.js";
import { awaitResult, idOf, type WaitOptions } from "./await-result.js";
import { Cancellations } from "./cancellations.js";
import { errorOfStatus, type TinkerError, TinkerTimeoutError } from "./errors.js";
import { readJson } from "./read-answer.js";
import { unlessAborted } from "./unless-aborted.js";
import { type Answer, type Call, detailOf, type Transport } from "./transport.js";

/** Options of one request. */
export type Control = Pick<Call, "signal" | "retries" | "query" | "timeoutMs">;

/** Statuses that a server without protobuf may answer a protobuf body with. */
const MAY_LACK_PROTOBUF = [400, 415, 422, 500, 501];

/** Typed requests over a {@link Transport}. Training bodies go as protobuf, and as JSON to a server that takes only that. */
export class Requests {
  readonly transport: Transport;
  readonly #wait: WaitOptions;
  readonly #cancellations: Cancellations;
  /** Undefined until a server has taken one of the two. */
  #encoding: "protobuf" | "json" | undefined;

  constructor(transport: Transport, wait: WaitOptions) {
    this.transport = transport;
    this.#wait = wait;
    this.#cancellations = new Cancellations(transport);
  }

  /** Tells the server that nobody wants what is outstanding; resolved once it has heard, and of all that was given up before. */
  cancelAll(): Promise<void> {
    return this.#cancellations.cancelAll();
  }

  /** How training bodies are sent; undefined before the first. */
  get encoding(): "protobuf" | "json" | undefined {
    return this.#encoding;
  }

  async get<T>(route: string, control: Control = {}): Promise<T> {
    return readJson<T>(await this.transport.send({ ...control, method: "GET", route, accept: JSON_TYPE }), { route });
  }

  async delete(route: string, control: Control = {}): Promise<void> {
    await this.transport.send({ ...control, method: "DELETE", route });
  }

  async post<R extends DirectRoute>(
    route: R,
    body: DirectRoutes[R]["request"],
    control: Control = {},
  ): Promise<DirectRoutes[R]["response"]> {
    return readJson(await this.transport.send({ ...control, ...json(route, body) }), { route });
  }

  /** Sends a request that answers with a future; `result` waits for what becomes of it. The promise of it is made once the server has taken it. */
  async start<R extends FutureRoute>(route: R, body: FutureRoutes[R]["request"], control: Control = {}): Promise<Started<R>> {
    const key = this.transport.newKey();
    const submit = async (own: Control) =>
      readJson<FutureHandle>(await this.transport.send({ ...own, ...json(route, body), key }), { route });
    return this.#started(route, submit, control);
  }

  /** {@link start} and its result. */
  async run<R extends FutureRoute>(route: R, body: FutureRoutes[R]["request"], control: Control = {}): Promise<FutureRoutes[R]["result"]> {
    const { result } = await this.start(route, body, control);
    return result();
  }

  /** Starts a pass over sequences, in the encoding that the server takes. */
  async startPass(request: ForwardBackwardRequest, control: Control = {}): Promise<Started<"forward_backward">> {
    const key = this.transport.newKey();
    const submit = async (own: Control) =>
      readJson<FutureHandle>(await this.#sendPass(request, { ...own, key }), { route: "forward_backward" });
    return this.#started("forward_backward", submit, control);
  }

  async #sendPass(request: ForwardBackwardRequest, control: Control & { readonly key: string }): Promise<Answer> {
    if (this.#encoding === "json") return this.transport.send({ ...control, ...jsonPass(request) });
    const bytes = { route: "forward_backward", body: encodeForwardBackwardRequest(request), contentType: PROTOBUF, accept: JSON_TYPE };
    if (this.#encoding === "protobuf") return this.transport.send({ ...control, ...bytes });
    const first = await this.transport.send({ ...control, ...bytes, expected: MAY_LACK_PROTOBUF });
    if (first.status < 300) {
      this.#encoding = "protobuf";
      return first;
    }
    const second = await this.transport.send({
      ...control,
      ...jsonPass(request),
      key: this.transport.newKey(),
      expected: MAY_LACK_PROTOBUF,
    });
    if (second.status < 300) {
      this.#encoding = "json";
      return second;
    }
    // Neither: the server wants protobuf, if it refuses JSON as such, and finds a fault in the request.
    if (second.status === 415) this.#encoding = "protobuf";
    throw refusal(second.status === 415 ? first : second);
  }

  /** A caller that aborts is told at once. What was being sent is sent to its end, so that no number is missing at the server, and cancelled. */
  async #started<R extends FutureRoute>(
    route: R,
    submit: (control: Control) => Promise<FutureHandle>,
    control: Control,
  ): Promise<Started<R>> {
    const { signal } = control;
    const handle = await unlessAborted(this.transport.timer, signal, (late) => {
      const sending = submit({ ...control, signal: late });
      return { work: sending, abandon: () => this.#cancellations.cancelWhenKnown(sending.then((sent) => idOf(sent, route))) };
    });
    return { handle, result: () => this.#result(route, handle, () => submit(control), signal) };
  }

  async #result<R extends FutureRoute>(
    route: R,
    handle: FutureHandle,
    resubmit: () => Promise<FutureHandle>,
    signal: AbortSignal | undefined,
  ): Promise<FutureRoutes[R]["result"]> {
    const outstanding = this.#cancellations.outstanding();
    try {
      return await awaitResult(this.transport, { route, handle, signal, resubmit, onId: outstanding.is }, this.#wait);
    } catch (error) {
      if (signal?.aborted || error instanceof TinkerTimeoutError) outstanding.cancel();
      throw error;
    } finally {
      outstanding.end();
    }
  }
}

/** A request that the server has taken. */
export interface Started<R extends FutureRoute> {
  readonly handle: FutureHandle;
  readonly result: () => Promise<FutureRoutes[R]["result"]>;
}

function json(route: string, body: unknown) {
  return { route, body: jsonBody(body), contentType: JSON_TYPE, accept: JSON_TYPE };
}

/** Servers without protobuf have a route of their own for passes without gradients. */
function jsonPass({ forward_only: isForward, forward_backward_input: input, ...ids }: ForwardBackwardRequest) {
  if (isForward) return json("forward", { ...ids, forward_input: input });
  return json("forward_backward", { ...ids, forward_backward_input: input });
}

function refusal({ status, bytes }: Answer): TinkerError {
  return errorOfStatus(status, detailOf(bytes), { route: "forward_backward" });
}
