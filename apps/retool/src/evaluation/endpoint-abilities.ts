import { z } from "zod";
import { baseOf, type ChatEndpoint } from "../data-build/chat-endpoint.js";

/** Things that a server of ours says of its model, and others do not. */
export interface EndpointAbilities {
  /** A request may name its random numbers and the tokens of its beginning. */
  readonly isExact: boolean;
  /** The way in which the model writes calls: as OpenAI's API carries them, or as tags in its text. */
  readonly dialect: "hermes" | "xml";
  /** `plain` for a model without a chat template: a request says what stands around its question. */
  readonly prompt: "chat" | "plain";
}

const Model = z.object({
  extensions: z.array(z.string()).nullish(),
  dialect: z.enum(["hermes", "xml"]).nullish().catch(null),
  prompt: z.enum(["chat", "plain"]).nullish().catch(null),
});
const Models = z.object({ data: z.array(Model) });
/** Longest that an endpoint is waited for before it is taken for one of the common kind. */
const PATIENCE_MS = 10_000;
const COMMON: EndpointAbilities = { isExact: false, dialect: "hermes", prompt: "chat" };
const EXACT = ["noise_key", "prefix_token_ids"];

/**
 * Asks a server's list of models what it can do. One that answers otherwise than ours, or not at all, is of the common kind.
 *
 * @throws the signal's reason when it is aborted.
 */
export async function endpointAbilities({ url, apiKey, timeoutMs, signal }: ChatEndpoint): Promise<EndpointAbilities> {
  try {
    const response = await fetch(`${baseOf(url)}/models`, {
      headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(Math.min(timeoutMs, PATIENCE_MS))]),
    });
    const models = Models.safeParse(await response.json());
    if (!models.success) return COMMON;
    const own = models.data.data.find(({ extensions }) => EXACT.every((name) => extensions?.includes(name)));
    return own === undefined ? COMMON : { isExact: true, dialect: own.dialect ?? "hermes", prompt: own.prompt ?? "chat" };
  } catch {
    signal.throwIfAborted();
    return COMMON;
  }
}
