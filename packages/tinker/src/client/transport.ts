import { API_PREFIX } from "../wire/routes.js";
import { backOffMs, DEFAULT_RETRIES, type RetryPolicy, retryAfterMs } from "./back-off.js";
import { errorOfStatus, TinkerConnectionError, TinkerError, TinkerTimeoutError } from "./errors.js";
import { sleep, systemTimer, type ClientTimer, withDeadline } from "./timer.js";

/** Settings of the connection to a server. */
export interface TransportOptions {
  /** Such as `http://127.0.0.1:8765`; the path of the API is added. */
  readonly baseUrl: string;
  /** Sent as `X-API-Key`. */
  readonly apiKey?: string | undefined;
  /** More headers, such as an `Authorization` that a gateway wants. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest time of one try, its body included; default 120,000. */
  readonly requestTimeoutMs?: number;
  readonly retries?: Partial<RetryPolicy>;
  /** Default: the platform's. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly timer?: ClientTimer;
  /** Uniform from 0 to 1, for the jitter of retries. */
  readonly random?: () => number;
  /** Makes idempotency keys. */
  readonly newKey?: () => string;
  /** Hears of retries, for a log. */
  readonly onRetry?: (notice: { readonly route: string; readonly attempt: number; readonly waitMs: number; readonly error: Error }) => void;
}

/** One request, which may take several tries. */
export interface Call {
  readonly method?: "GET" | "POST" | "DELETE";
  /** Below the API's path, such as `optim_step`. */
  readonly route: string;
  /** Added to the route, such as `?model_id=…`. */
  readonly query?: string;
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Tries after the first. */
  readonly retries?: number;
  /** Stays the same where a caller sends a request again. */
  readonly key?: string;
  /** Statuses that are the caller's to read; they are neither retried nor thrown. */
  readonly expected?: readonly number[];
  /** A try that takes too long is thrown at once, for the caller to ask again. */
  readonly isPoll?: boolean;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const RETRIED = new Set([408, 425, 429, 500, 502, 503, 504]);
const text = new TextDecoder();

/** Sends requests: retries with back-off, one idempotency key over all tries, deadlines that cover bodies. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #policy: RetryPolicy;
  readonly timer: ClientTimer;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#policy = { ...DEFAULT_RETRIES, ...options.retries };
    this.timer = options.timer ?? systemTimer;
  }

  /** A key for a request that may be sent again. */
  newKey(): string {
    return this.#options.newKey?.() ?? `retool-${crypto.randomUUID()}`;
  }

  /** @throws TinkerError of the kind that the last try ended in; the signal's reason when it aborts. */
  async send(call: Call): Promise<Answer> {
    const key = call.key ?? this.newKey();
    const retries = call.retries ?? this.#policy.retries;
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#try(call, key, attempt);
      if (!(outcome instanceof Failure)) return outcome;
      const { error, isFinal, retryAfter } = outcome;
      if (isFinal || attempt >= retries) throw error;
      const waitMs = backOffMs(attempt, this.#policy, { random: this.#options.random ?? Math.random, retryAfterMs: retryAfter });
      this.#options.onRetry?.({ route: call.route, attempt: attempt + 1, waitMs, error });
      await sleep(this.timer, waitMs, call.signal);
    }
  }

  async #try(call: Call, key: string, attempt: number): Promise<Answer | Failure> {
    const { route, signal } = call;
    const ms = call.timeoutMs ?? this.#options.requestTimeoutMs ?? 120_000;
    const late = () => new TinkerTimeoutError(`${route}: no whole answer within ${ms / 1000} s`, { route });
    try {
      const { response, bytes } = await withDeadline(this.timer, { ms, signal, late }, (stop) => this.#exchange(call, key, attempt, stop));
      const { status } = response;
      if (response.ok || call.expected?.includes(status)) return { status, contentType: response.headers.get("content-type") ?? "", bytes };
      const after = retryAfterMs(response.headers.get("retry-after"), Date.now);
      return new Failure(errorOfStatus(status, detailOf(bytes), { route }), !RETRIED.has(status), after);
    } catch (error) {
      signal?.throwIfAborted();
      if (TinkerError.isInstance(error)) return new Failure(error, call.isPoll === true);
      const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
      return new Failure(
        new TinkerConnectionError(`${route}: no answer from ${this.#options.baseUrl}: ${reason}`, { route, cause: error }),
        false,
      );
    }
  }

  async #exchange(call: Call, key: string, attempt: number, signal: AbortSignal): Promise<{ response: Response; bytes: Uint8Array }> {
    const { baseUrl, apiKey, headers, fetch = globalThis.fetch } = this.#options;
    const { method = "POST", route, query = "", body, contentType, accept } = call;
    const init: RequestInit = {
      method,
      headers: {
        ...(accept && { accept }),
        ...(contentType && { "content-type": contentType }),
        ...(apiKey && { "x-api-key": apiKey }),
        ...(method === "POST" && { "x-idempotency-key": key, "x-retry-count": String(attempt) }),
        ...headers,
      },
      ...(body !== undefined && { body: body as BodyInit }),
      signal,
    };
    const response = await fetch(`${baseUrl.replace(/\/+$/, "")}${API_PREFIX}/${route}${query}`, init);
    return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
  }
}

/** A try that failed. */
class Failure {
  readonly error: Error;
  readonly isFinal: boolean;
  readonly retryAfter: number | undefined;

  constructor(error: Error, isFinal: boolean, retryAfter?: number) {
    this.error = error;
    this.isFinal = isFinal;
    this.retryAfter = retryAfter;
  }
}

/** Words of an answer that is no success: FastAPI's `detail`, its list of faults, or the text as it is. */
export function detailOf(bytes: Uint8Array): string {
  const body = text.decode(bytes);
  try {
    const json = JSON.parse(body) as { readonly detail?: unknown; readonly error?: unknown };
    const detail = json.detail ?? json.error;
    if (typeof detail === "string") return shortened(detail);
    if (Array.isArray(detail)) return shortened(detail.map(faultText).join("; "));
  } catch {
    // the text as it is
  }
  return shortened(body.trim() || "no text");
}

function faultText(fault: unknown): string {
  const { loc, msg } = fault as { readonly loc?: readonly (string | number)[]; readonly msg?: string };
  return msg === undefined ? JSON.stringify(fault) : `${loc?.join(".") ?? "body"}: ${msg}`;
}

function shortened(message: string): string {
  return message.length > 600 ? `${message.slice(0, 600)} …` : message;
}
