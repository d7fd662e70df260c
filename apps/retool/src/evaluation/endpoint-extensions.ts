import { z } from "zod";
import { baseOf, type ChatEndpoint } from "../data-build/chat-endpoint.js";

const Models = z.object({ data: z.array(z.object({ extensions: z.array(z.string()).nullish() })) });
/** Longest that an endpoint is waited for before it is taken for one of the common kind. */
const PATIENCE_MS = 10_000;

/**
 * Whether a server says, in its list of models, that a request may name its random numbers and the tokens of its beginning. One that answers
 * otherwise, or not at all, does not.
 *
 * @throws the signal's reason when it is aborted.
 */
export async function takesExactTokens({ url, apiKey, timeoutMs, signal }: ChatEndpoint): Promise<boolean> {
  try {
    const response = await fetch(`${baseOf(url)}/models`, {
      headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(Math.min(timeoutMs, PATIENCE_MS))]),
    });
    const models = Models.safeParse(await response.json());
    if (!models.success) return false;
    return models.data.data.some(({ extensions }) => ["noise_key", "prefix_token_ids"].every((name) => extensions?.includes(name)));
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
