/** A request's fault as an answer: thrown anywhere below a route, it becomes a response in the server's shape. */
export class HttpFault extends Error {
  readonly status: number;
  /** The field at fault, where there is one. */
  readonly param: string | undefined;
  /** A stable word for programs. */
  readonly code: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, { param, code, headers = {} }: HttpFaultDetails = {}) {
    super(message);
    this.name = "HttpFault";
    this.status = status;
    this.param = param;
    this.code = code;
    this.headers = headers;
  }
}

/** What an {@link HttpFault} says besides its message. */
export interface HttpFaultDetails {
  readonly param?: string;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
