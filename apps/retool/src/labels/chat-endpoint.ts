import { setTimeout } from "node:timers/promises";
import { RetoolError } from "@retool-ts/core";

/** A server that speaks OpenAI's chat completions. */
export interface ChatEndpoint {
  /** Up to and without `/chat/completions`, such as `http://localhost:8000/v1`. */
  readonly url: string;
  readonly model: string;
  /** Sent as a bearer token when given. */
  readonly apiKey?: string;
  /** Milliseconds before the second attempt; doubled for each further one. Default: 500. */
  readonly retryMs?: number;
}

const ATTEMPTS = 4;
const TIMEOUT_MS = 60_000;

/**
 * Asks for one completion at temperature 0. Requests that are refused for now (429, 5xx) or get no answer are tried again, four times in
 * all; `Retry-After` is heeded.
 *
 * @throws RetoolError with the server's words when it refuses, or does not answer as it should.
 */
export async function completeChat(endpoint: ChatEndpoint, system: string, user: string, signal?: AbortSignal): Promise<string> {
  let wait = endpoint.retryMs ?? 500;
  for (let attempt = 1; ; attempt++) {
    const answer = await request(endpoint, system, user, signal).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      return error instanceof Error ? error : new Error(String(error));
    });
    if (!(answer instanceof Error) && answer.ok) return contentOf(await answer.json(), endpoint.url);
    const isTransient = answer instanceof Error || answer.status === 429 || answer.status >= 500;
    if (!isTransient || attempt === ATTEMPTS) throw await refusal(answer, endpoint.url);
    const asked = answer instanceof Error ? Number.NaN : Number(answer.headers.get("retry-after") ?? Number.NaN);
    await setTimeout(Number.isFinite(asked) ? 1_000 * asked : wait, undefined, signal === undefined ? {} : { signal });
    wait *= 2;
  }
}

function request({ url, model, apiKey }: ChatEndpoint, system: string, user: string, signal?: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return fetch(`${url.replace(/\/$/, "")}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
    body: JSON.stringify({
      model,
      temperature: 0,
      messages: [
        { role: "system", content: system },
        { role: "user", content: user },
      ],
    }),
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
}

function contentOf(body: unknown, url: string): string {
  const content = (body as { choices?: { message?: { content?: unknown } }[] }).choices?.[0]?.message?.content;
  if (typeof content === "string") return content;
  throw new RetoolError("ENDPOINT", `${url}: expected choices[0].message.content, got ${JSON.stringify(body).slice(0, 200)}`);
}

async function refusal(answer: Response | Error, url: string): Promise<RetoolError> {
  if (answer instanceof Error) return new RetoolError("ENDPOINT", `${url}: ${answer.message}`, { cause: answer });
  return new RetoolError("ENDPOINT", `${url}: status ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
}
