import { setTimeout } from "node:timers/promises";
import type { z } from "zod";
import { requestJson, type JsonAnswer, type JsonRequest } from "@retool-ts/http";
import { SamplerFault } from "./sampler-fault.js";
import type { TokenAnswer } from "./sampling-server.js";

/** Where a server is, and how patiently it is asked. */
export interface ServerOptions {
  /** Such as `http://127.0.0.1:8000`; the paths of the API are added. */
  readonly baseUrl: string;
  /** Sent as a bearer token. */
  readonly apiKey?: string;
  /** Tries after the first; default 6, within about half a minute. */
  readonly retries?: number;
  /** Longest wait before the first retry, in milliseconds; it doubles. Default: 500. */
  readonly retryMs?: number;
  /** Milliseconds that one answer may take; default: an hour. */
  readonly timeoutMs?: number;
}

/** A request, with tries of its own after the first. */
type SentRequest = JsonRequest & { readonly retries?: number };

const RETRIED = new Set([408, 429, 500, 502, 503, 504]);

/** Sends requests again that may be sent again: sampling keeps nothing, and loading twice is loading once. */
export class ServerRequests {
  readonly baseUrl: string;
  readonly #options: ServerOptions;
  readonly #title: string;

  constructor(title: string, options: ServerOptions) {
    this.#title = title;
    this.#options = options;
    this.baseUrl = options.baseUrl.replace(/\/+$/, "");
  }

  /** @throws SamplerFault when no answer comes, or one that is no success. */
  async send(path: string, { retries = this.#options.retries ?? 6, ...request }: SentRequest = {}): Promise<unknown> {
    const { apiKey, retryMs = 500, timeoutMs = 3_600_000 } = this.#options;
    const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    for (let attempt = 0; ; attempt++) {
      let fault: SamplerFault;
      try {
        const answer = await requestJson(this.baseUrl + path, { timeoutMs, ...request, headers });
        if (answer.status >= 200 && answer.status < 300) return answer.body;
        fault = new SamplerFault(`${this.#title}: ${path}: status ${answer.status}: ${wordsOf(answer)}`, { status: answer.status });
        if (!RETRIED.has(answer.status)) throw fault;
      } catch (error) {
        request.signal?.throwIfAborted();
        if (error instanceof SamplerFault) throw error;
        fault = new SamplerFault(`${this.#title}: ${path}: no answer: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
      if (attempt >= retries) throw fault;
      await setTimeout(retryMs * 2 ** attempt * (0.5 + 0.5 * Math.random()), undefined, { signal: request.signal });
    }
  }
}

function wordsOf({ body }: JsonAnswer): string {
  const { message, detail, error } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const inner = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  const found = [inner["message"], message, detail, error, body].find((value) => typeof value === "string" && value !== "");
  const text = typeof found === "string" ? found : JSON.stringify(body);
  return text.length > 400 ? `${text.slice(0, 400)} …` : text;
}

/** @throws SamplerFault when ids or log-probabilities cannot be. */
export function checkedAnswer(title: string, { tokens, logProbs, finish }: TokenAnswer): TokenAnswer {
  if (tokens.length !== logProbs.length)
    throw new SamplerFault(`${title}: expected a log-probability a token, got ${logProbs.length} for ${tokens.length}`);
  const bad = logProbs.findIndex((value) => !Number.isFinite(value) || value > 1e-3);
  if (bad >= 0) throw new SamplerFault(`${title}: the log-probability of token ${bad} is ${logProbs[bad]}: its weights are spoiled`);
  if (tokens.some((id) => !Number.isInteger(id) || id < 0))
    throw new SamplerFault(`${title}: expected token ids, got ${tokens.join(", ")}`);
  return { tokens, logProbs, finish };
}

/** @throws SamplerFault when an answer has another form. */
export function parsedAs<T>(schema: z.ZodType<T>, answer: unknown, title: string): T {
  const { data, error } = schema.safeParse(answer);
  if (error === undefined) return data;
  const [issue] = error.issues;
  throw new SamplerFault(`${title}: an answer that is not understood: ${issue!.path.join(".")}: ${issue!.message}`);
}
