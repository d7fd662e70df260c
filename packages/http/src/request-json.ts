import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** One request to another server. */
export interface JsonRequest {
  readonly method?: "GET" | "POST" | "DELETE";
  /** Sent as JSON; absent: no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds to the end of the answer's body; default: an hour, for answers that are long in the making. */
  readonly timeoutMs?: number;
}

/** An answer, read to its end. */
export interface JsonAnswer {
  readonly status: number;
  /** Parsed where it is JSON, else its text. */
  readonly body: unknown;
  readonly retryAfter: string | undefined;
}

const agents = {
  "http:": new HttpAgent({ keepAlive: true, maxSockets: 512 }),
  "https:": new HttpsAgent({ keepAlive: true, maxSockets: 512 }),
} as const;

/**
 * Sends a request through `node:http`, which, unlike `fetch`, waits for headers as long as it is told to, and does not say that it is a
 * browser: some servers refuse what does.
 *
 * @throws Error when no whole answer comes; the signal's reason when it aborts.
 */
export function requestJson(
  url: string,
  { method = "GET", body, headers, signal, timeoutMs = 3_600_000 }: JsonRequest = {},
): Promise<JsonAnswer> {
  const { protocol } = new URL(url);
  const send = protocol === "https:" ? httpsRequest : httpRequest;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const deadline = AbortSignal.timeout(timeoutMs);
  const stop = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  const sent = {
    accept: "application/json",
    ...(text !== undefined && { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      if (signal?.aborted) reject(signal.reason as Error);
      else if (deadline.aborted) reject(new Error(`no whole answer within ${timeoutMs / 1000} s`));
      else reject(error as Error);
    };
    const request = send(
      url,
      { method, agent: agents[protocol === "https:" ? "https:" : "http:"], headers: sent, signal: stop },
      (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", fail);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: parsed(Buffer.concat(pieces).toString()),
            retryAfter: response.headers["retry-after"],
          }),
        );
      },
    );
    request.on("error", fail);
    request.end(text);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
