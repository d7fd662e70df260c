import { randomBytes, randomInt } from "node:crypto";
import type { Tokenizer } from "@retool-ts/data";
import type { Sampler } from "@retool-ts/engine";
import {
  httpApp,
  HttpFault,
  isTimeout,
  onlyMethod,
  openServer,
  readJsonBody,
  RequestGate,
  requestSignal,
  type HttpServer,
  type ServerAddress,
} from "@retool-ts/http";
import { ChatEncoder } from "./chat-encoder.js";
import type { ChatFormat } from "./chat-format.js";
import { prepareChat, type EndpointContext, type PreparedAnswer } from "./chat-endpoint.js";
import { prepareCompletion } from "./completion-endpoint.js";
import { CompletionEngine, type ServedModel } from "./completion-engine.js";
import { plainConversation, type Conversation } from "./conversation.js";
import { errorBody } from "./openai-replies.js";
import { CHAT_EXTENSIONS } from "./openai-requests.js";
import { RecordedRollout, type RolloutOptions } from "./recorded-rollout.js";
import { serveMetrics } from "./serve-metrics.js";
import { sseResponse } from "./sse-stream.js";

/** Agents think and call tools between two requests; a connection that is closed just as the next one is sent breaks that request. */
const KEEP_ALIVE_MS = 120_000;

/** Options of {@link serveOpenAI}. */
export interface ServeOptions extends ServerAddress {
  readonly sampler: Sampler;
  readonly tokenizer: Tokenizer;
  /** Ids that end a text. */
  readonly eosTokenIds: readonly number[];
  readonly format: ChatFormat;
  /** Name of the model for clients; requests may name any. */
  readonly modelName: string;
  /** Keep what requests computed for later ones that begin the same; default true. */
  readonly prefixCache?: boolean;
  /** Requests at work at once; default: the sampler's sequences. */
  readonly maxConcurrency?: number;
  /** Requests that may wait, 256 by default; beyond, they get 429. */
  readonly queueLimit?: number;
  /** Longer bodies get 413; 4 MiB by default. */
  readonly maxBodyBytes?: number;
  /** Milliseconds that an answer may take, 10 minutes by default. */
  readonly timeoutMs?: number;
}

/** A server that runs. */
export interface OpenAIServer extends HttpServer {
  readonly engine: CompletionEngine;
  /** Requests at work, and those that wait. */
  readonly gate: Pick<RequestGate, "active" | "waiting">;
  /** Begins a rollout: its address remembers what is sampled under it. */
  openRollout(options: RolloutOptions): RecordedRollout;
}

/**
 * Serves a sampler as OpenAI's API: chat completions with tools, completions of text and ids, models, health and metrics.
 *
 * @throws InputError when an option is out of range, or nothing can listen at the address.
 */
export async function serveOpenAI(options: ServeOptions): Promise<OpenAIServer> {
  const { sampler, tokenizer, eosTokenIds, format, modelName, token, timeoutMs = 600_000, maxBodyBytes = 4 * 2 ** 20 } = options;
  const model: ServedModel = { sampler, tokenizer, eosTokenIds };
  const engine = new CompletionEngine(model, { prefixCache: options.prefixCache ?? true });
  const gate = new RequestGate({ maxConcurrency: options.maxConcurrency ?? engine.pool.size, queueLimit: options.queueLimit ?? 256 });
  const { metrics, firstToken } = serveMetrics(engine, gate);
  const encoder = new ChatEncoder(tokenizer, format, sampler.maxLength);
  const stopping = new AbortController();
  const started = seconds();
  const randomSeed = () => randomInt(2 ** 47);
  const plain = plainConversation(encoder, randomSeed);
  const rollouts = new Map<string, RecordedRollout>();
  const app = httpApp({ ...(token !== undefined && { token }), errorBody, metrics });

  const answer = async (
    request: Request,
    conversation: Conversation,
    prepare: (body: unknown, context: EndpointContext) => PreparedAnswer,
  ) => {
    gate.check();
    const body = await readJsonBody(request, { maxBytes: maxBodyBytes });
    gate.check(); // others came while the body did
    const gone = new AbortController();
    const over = conversation.signal === undefined ? [] : [conversation.signal];
    const ends = requestSignal(request, { stopping: [stopping.signal, gone.signal, ...over], timeoutMs });
    const { signal } = ends;
    const began = performance.now();
    const onFirstToken = () => firstToken.observe((performance.now() - began) / 1_000);
    const fault = (error: unknown): unknown => {
      if (isTimeout(signal)) return new HttpFault(504, `the answer took longer than ${timeoutMs} ms`, { code: "timeout" });
      if (conversation.signal?.aborted === true) return new HttpFault(410, "the rollout is over", { code: "rollout_over" });
      return stopping.signal.aborted ? new HttpFault(503, "the server is being shut down", { code: "server_shutdown" }) : error;
    };
    try {
      const prepared = prepare(body, { engine, format, encoder, modelName, conversation, signal, now: seconds, onFirstToken });
      if (!prepared.streams) {
        const whole = await gate.run(() => prepared.answer(), signal);
        ends.release();
        return Response.json(whole);
      }
      const turn = await gate.enter(signal);
      return sseResponse(
        async (send) => {
          try {
            await prepared.stream(send);
          } catch (error) {
            throw fault(error);
          } finally {
            turn.leave();
            ends.release();
          }
        },
        () => gone.abort(),
      );
    } catch (error) {
      ends.release();
      throw fault(error);
    }
  };
  const rolloutOf = (id: string): RecordedRollout => {
    const rollout = rollouts.get(id);
    if (rollout === undefined) throw new HttpFault(404, "no such rollout is open", { code: "not_found" });
    return rollout;
  };
  const listed = {
    id: modelName,
    object: "model",
    created: started,
    owned_by: "retool-ts",
    max_model_len: sampler.maxLength,
    dialect: format.dialect,
    prompt: format.prompt,
    extensions: CHAT_EXTENSIONS,
  };

  for (const base of ["/v1", "/rollouts/:id/v1"]) {
    const conversationOf = (id: string | undefined): Conversation => (id === undefined ? plain : rolloutOf(id).conversation);
    app.get(`${base}/models`, (c) => {
      conversationOf(c.req.param("id"));
      return c.json({ object: "list", data: [listed] });
    });
    app.get(`${base}/models/:model{.+}`, (c) => {
      if (c.req.param("model") === modelName) return c.json(listed);
      throw new HttpFault(404, `this server's model is ${modelName}`, { param: "model", code: "model_not_found" });
    });
    app.post(`${base}/chat/completions`, (c) => answer(c.req.raw, conversationOf(c.req.param("id")), prepareChat));
    app.post(`${base}/completions`, (c) =>
      answer(c.req.raw, conversationOf(c.req.param("id")), (body, context) => prepareCompletion(body, context, randomSeed)),
    );
  }
  onlyMethod(app, "POST", ["/v1/chat/completions", "/v1/completions"]);
  app.all("*", () => {
    const served = "/v1/chat/completions, /v1/completions and /v1/models are served; a client's base URL ends in /v1";
    throw new HttpFault(404, `Not Found: ${served}`, { code: "not_found" });
  });

  const { host, port } = options;
  const address = { ...(host !== undefined && { host }), ...(port !== undefined && { port }), ...(token !== undefined && { token }) };
  const server = await openServer({ ...address, what: "OpenAI server", fetch: app.fetch, stopping, keepAliveMs: KEEP_ALIVE_MS });
  return {
    url: server.url,
    engine,
    gate,
    openRollout(rolloutOptions) {
      const id = randomBytes(16).toString("hex");
      const rollout = new RecordedRollout({ id, url: server.url, encoder, model, ...rolloutOptions }, () => {
        rollouts.delete(id);
        engine.pool.clear(id);
      });
      rollouts.set(id, rollout);
      return rollout;
    },
    async close(graceMs) {
      await server.close(graceMs);
      engine.pool.clear();
    },
  };
}

function seconds(): number {
  return Math.floor(Date.now() / 1_000);
}
