import { setTimeout as sleep } from "node:timers/promises";
import { InputError, RetoolError } from "@retool-ts/core";
import type { RepoPlace } from "./hub.js";

/** Settings of requests to a server. */
export interface Connection {
  readonly token: string | undefined;
  /** Further tries after a failure that may pass. */
  readonly retries: number;
  /** Milliseconds before the second try; the wait doubles each time, up to half a minute. */
  readonly retryDelayMs: number;
  readonly signal: AbortSignal | undefined;
}

const LONGEST_WAIT_MS = 30_000;

/** A failure that a later try may not meet: a cut connection, too many requests, a server's error. */
export class Passing extends Error {
  /** True when some bytes came, so that the tries are counted anew. */
  readonly hasProgress: boolean;

  constructor(message: string, options: ErrorOptions & { readonly hasProgress?: boolean } = {}) {
    super(message, options);
    this.hasProgress = options.hasProgress ?? false;
  }
}

/** Tries until it works; only {@link Passing} failures are tried again. */
export async function retrying<T>(attempt: () => Promise<T>, what: string, { retries, retryDelayMs, signal }: Connection): Promise<T> {
  let tried = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Passing)) throw error;
      if (error.hasProgress) tried = 0;
      if (tried >= retries) {
        throw new RetoolError(
          "HUB",
          `${what}: ${error.message}. What came is kept; try again, or set HF_HUB_OFFLINE=1 to use what the cache has`,
          {
            cause: error,
          },
        );
      }
      await sleep(Math.min(retryDelayMs * 2 ** tried++, LONGEST_WAIT_MS), undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** One request; `fetch` follows redirects and leaves the token out when they lead to another host. */
export async function request(
  url: string,
  place: RepoPlace,
  connection: Connection,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { token, signal } = connection;
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new Passing(`no connection to ${new URL(url).host} (${causeOf(error)})`, { cause: error });
  }
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  throw failureOf(response, place, token !== undefined);
}

/** A part of an error's text that a person can use. */
export function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** Meanings of Hugging Face's header `X-Error-Code`, with the way out. */
const ERROR_CODES: Readonly<Partial<Record<string, { readonly found: string; readonly fix: string }>>> = {
  RevisionNotFound: { found: "no such revision", fix: "check the part behind @: a branch, tag or commit" },
  EntryNotFound: { found: "no such file", fix: "check the file's name on the repository's page" },
  GatedRepo: { found: "a gated repository", fix: "ask for access on its page, then set HF_TOKEN to a token of that account" },
};

function failureOf({ status, headers }: Response, { repo, type, revision }: RepoPlace, hasToken: boolean): Error {
  if (status === 408 || status === 429 || status >= 500) return new Passing(`the server answered ${status}`);
  const refuse = (found: string, fix: string) =>
    new InputError({ what: "hub", where: `${repo}@${revision}`, expected: `a ${type} that can be read`, found, fix });
  const known = ERROR_CODES[headers.get("x-error-code") ?? ""];
  if (known !== undefined) return refuse(known.found, known.fix);
  if (status === 401 || status === 403) {
    return refuse(
      `status ${status}: private, gated or absent`,
      hasToken ? "check the name, and that the token may read it" : "check the name; for a private or gated repository set HF_TOKEN",
    );
  }
  return refuse(status === 404 ? "no such repository (status 404)" : `status ${status}`, "check owner, name and revision, and HF_ENDPOINT");
}
