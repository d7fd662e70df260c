import { setMaxListeners } from "node:events";

/** What ends a request, besides its client. */
export interface RequestEnds {
  /** Of the server, see `OpenServerOptions.stopping`; or several. */
  readonly stopping?: AbortSignal | readonly AbortSignal[];
  /** Milliseconds that the request may take. */
  readonly timeoutMs?: number;
}

/** The end of one request. */
export interface RequestSignal {
  /** Aborted when the client goes away, when the server stops, or when the request has taken too long. */
  readonly signal: AbortSignal;
  /** Lets go of timer and listeners once the request is answered. */
  release(): void;
}

/** Joins what ends a request in one signal; {@link isTimeout} tells whether it was time. */
export function requestSignal(request: Request, { stopping, timeoutMs }: RequestEnds): RequestSignal {
  const controller = new AbortController();
  const sources = [request.signal, ...(stopping === undefined ? [] : [stopping].flat())];
  const end = (): void => controller.abort(sources.find(({ aborted }) => aborted)?.reason);
  const late = (): void => controller.abort(new DOMException(`the request took longer than ${timeoutMs} ms`, "TimeoutError"));
  const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
  setMaxListeners(0, controller.signal, ...sources); // a server's has a listener for each of its requests, a request's for each of its parts
  for (const source of sources) {
    if (source.aborted) end();
    source.addEventListener("abort", end, { once: true });
  }
  return {
    signal: controller.signal,
    release() {
      clearTimeout(timer);
      for (const source of sources) source.removeEventListener("abort", end);
    },
  };
}

/** Whether a request's signal is aborted because the request took too long. */
export function isTimeout(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof Error && signal.reason.name === "TimeoutError";
}
