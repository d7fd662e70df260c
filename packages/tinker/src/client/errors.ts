import { RetoolError } from "@retool-ts/core";

/** Facts about a failed request. */
export interface TinkerErrorOptions extends ErrorOptions {
  /** Route, such as `optim_step`. */
  readonly route?: string;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** The server's id of the request, where it gave one. */
  readonly requestId?: string;
}

/** Base class of what goes wrong between this client and a server; each kind has a class and a `code` of its own. */
export class TinkerError extends RetoolError {
  readonly route: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;

  constructor(code: string, message: string, { route, status, requestId, ...options }: TinkerErrorOptions = {}) {
    super(code, message, options);
    this.route = route;
    this.status = status;
    this.requestId = requestId;
  }
}

/** No answer: refused, reset or cut connections, after all retries. */
export class TinkerConnectionError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_CONNECTION", message, options);
  }
}

/** A bounded wait that ended. */
export class TinkerTimeoutError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_TIMEOUT", message, options);
  }
}

/** Status 401 or 403: the key is missing, wrong, or may not do this. */
export class TinkerAuthenticationError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_AUTHENTICATION", message, options);
  }
}

/** Status 402. */
export class TinkerPaymentError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_PAYMENT", message, options);
  }
}

/** Status 404 or 410: a model, path or result that the server does not have, or no longer. */
export class TinkerNotFoundError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_NOT_FOUND", message, options);
  }
}

/** Status 409: a name that is taken, or a sequence number with another body. */
export class TinkerConflictError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_CONFLICT", message, options);
  }
}

/** Another 4xx: the server refuses the request as it is. */
export class TinkerRequestError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_REQUEST", message, options);
  }
}

/** Status 429, after all retries. */
export class TinkerBusyError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_BUSY", message, options);
  }
}

/** A 5xx, after all retries. */
export class TinkerServerError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_SERVER", message, options);
  }
}

/** A request that was taken, and whose work failed; some servers say so with status 200. */
export class TinkerFailedError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_FAILED", message, options);
  }
}

/** An answer that cannot be read, or is not what was asked for. */
export class TinkerAnswerError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_ANSWER", message, options);
  }
}

/** A request that is refused here, before it is sent: an empty batch, an id outside the vocabulary, a number that is not finite. */
export class TinkerInputError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_INPUT", message, options);
  }
}

/** Numbers of a server that are not finite: its weights are lost, and what follows from them would be too. */
export class TinkerValueError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_VALUE", message, options);
  }
}

/** Something that a server lacks and its other abilities cannot express. */
export class TinkerUnsupportedError extends TinkerError {
  constructor(message: string, options?: TinkerErrorOptions) {
    super("TINKER_UNSUPPORTED", message, options);
  }
}

/** The error of an answer that is no success. */
export function errorOfStatus(status: number, detail: string, options: TinkerErrorOptions): TinkerError {
  const message = `${options.route ?? "request"}: status ${status}: ${detail}`;
  const facts = { ...options, status };
  if (status === 401 || status === 403) return new TinkerAuthenticationError(message, facts);
  if (status === 402) return new TinkerPaymentError(message, facts);
  if (status === 404 || status === 410) return new TinkerNotFoundError(message, facts);
  if (status === 408) return new TinkerTimeoutError(message, facts);
  if (status === 409) return new TinkerConflictError(message, facts);
  if (status === 429) return new TinkerBusyError(message, facts);
  if (status >= 500) return new TinkerServerError(message, facts);
  return new TinkerRequestError(message, facts);
}
