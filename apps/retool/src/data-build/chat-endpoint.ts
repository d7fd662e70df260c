import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "@retool-ts/core";
import { z } from "zod";
import type { Pace } from "./pace.js";

/** Body of a request to `/chat/completions`. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: "system" | "user"; readonly content: string }[];
  readonly temperature: number;
  /** Absent: as the server sees fit. */
  readonly max_tokens?: number;
}

/** Text that a model wrote. */
export interface ChatText {
  readonly text: string;
  /** False when it was cut off at `max_tokens`. */
  readonly isWhole: boolean;
}

/** A text, or why there is none after all tries. */
export type ChatReply = ({ readonly status: "ok" } & ChatText) | { readonly status: "failed"; readonly reason: string };

/** Endpoint, and the patience to ask it with. */
export interface ChatEndpoint {
  /** Base address, such as `http://127.0.0.1:8000/v1`. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly apiKey?: string;
  /** Environment variable that holds the key, for messages. */
  readonly apiKeyEnv: string;
  /** Milliseconds for one try. */
  readonly timeoutMs: number;
  /** Tries after the first. */
  readonly retries: number;
  /** Milliseconds before the second try; each further wait is twice as long, up to a minute. */
  readonly retryDelayMs: number;
  readonly pace?: Pace;
  readonly signal: AbortSignal;
  readonly onRetry?: (reason: string) => void;
}

/** A reply of the shape that was asked for, or why there is none after all tries. */
export type EndpointReply<T> =
  | { readonly status: "ok"; readonly value: T }
  /** `refusal` is what the server said to a request that it will not answer, however often it is asked. */
  | { readonly status: "failed"; readonly reason: string; readonly refusal?: string };

type Attempt<T> = EndpointReply<T> | { readonly status: "again"; readonly reason: string; readonly waitMs: number | undefined };

const LONGEST_WAIT_MS = 60_000;
/** Longest that a timer can be set for. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const Completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }), finish_reason: z.string().nullish() })).min(1),
});

/** Asks for one text; see {@link askEndpoint}. */
export async function askChat(request: ChatRequest, endpoint: ChatEndpoint): Promise<ChatReply> {
  const reply = await askEndpoint(request, endpoint, Completion);
  if (reply.status === "failed") return { status: "failed", reason: reply.reason };
  const { message, finish_reason } = reply.value.choices[0]!;
  return { status: "ok", text: message.content, isWhole: finish_reason !== "length" };
}

/**
 * Asks an OpenAI-compatible server for a chat completion. Too many requests, a server's errors, timeouts, cut connections and replies that are no completion
 * are tried again; a request that the server refuses is not.
 *
 * @throws InputError when the address, the model or the key is wrong: no other request can fare better.
 * @throws the signal's reason when it is aborted.
 */
export async function askEndpoint<T>(
  request: { readonly model: string },
  endpoint: ChatEndpoint,
  schema: z.ZodType<T>,
): Promise<EndpointReply<T>> {
  const { retries, retryDelayMs, pace, signal, onRetry } = endpoint;
  for (let tried = 0; ; tried++) {
    await pace?.wait(signal);
    const attempt = await askOnce(request, endpoint, schema);
    if (attempt.status !== "again") return attempt;
    if (tried >= retries) return { status: "failed", reason: attempt.reason };
    onRetry?.(attempt.reason);
    const wait = attempt.waitMs ?? retryDelayMs * 2 ** tried;
    await sleep(Math.min(wait, LONGEST_WAIT_MS), undefined, { signal });
  }
}

async function askOnce<T>(request: { readonly model: string }, endpoint: ChatEndpoint, schema: z.ZodType<T>): Promise<Attempt<T>> {
  const { url, apiKey, timeoutMs, signal } = endpoint;
  let response: Response;
  let body: string;
  try {
    response = await fetch(`${baseOf(url)}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
      body: JSON.stringify(request),
      signal: AbortSignal.any([signal, AbortSignal.timeout(Math.min(timeoutMs, LONGEST_TIMEOUT_MS))]),
    });
    body = withoutKey(await response.text(), apiKey);
  } catch (error) {
    signal.throwIfAborted();
    return again(
      error instanceof Error && error.name === "TimeoutError" ? `no reply within ${timeoutMs} ms` : `no connection: ${causeOf(error)}`,
    );
  }
  const { status } = response;
  if (status === 408 || status === 429 || status >= 500) return again(`status ${status}`, retryAfter(response));
  if (status === 401 || status === 403 || status === 404) throw refused(endpoint, status, body, request.model);
  if (!response.ok) return { status: "failed", reason: `status ${status}: ${body.slice(0, 200)}`, refusal: body };
  const completion = schema.safeParse(parsed(body));
  return completion.success ? { status: "ok", value: completion.data } : again("a reply that is no chat completion");
}

/** The address that paths of the API are added to. */
export function baseOf(url: string): string {
  return url.replace(/\/+$/, "").replace(/\/chat\/completions$/, "");
}

/** Some servers repeat the key that they refuse. */
function withoutKey(body: string, apiKey: string | undefined): string {
  return apiKey === undefined || apiKey === "" ? body : body.replaceAll(apiKey, "(the key)");
}

function again(reason: string, waitMs?: number): Attempt<never> {
  return { status: "again", reason, waitMs };
}

/** Milliseconds that the server asks to wait, from seconds or a date. */
function retryAfter({ headers }: Response): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const milliseconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

function refused({ url, apiKeyEnv }: ChatEndpoint, status: number, body: string, model: string): InputError {
  const fix = status === 404 ? `check the address and the model (${model})` : `set the key in the environment, as ${apiKeyEnv}`;
  return new InputError({
    what: "endpoint",
    where: url,
    expected: "a chat completion",
    found: `status ${status}: ${body.slice(0, 200)}`,
    fix,
  });
}
