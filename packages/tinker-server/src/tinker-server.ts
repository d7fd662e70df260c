import { setMaxListeners } from "node:events";
import { mkdir } from "node:fs/promises";
import { defined, InputError } from "@retool-ts/core";
import { httpApp, HttpMetrics, openServer, type ServerAddress } from "@retool-ts/http";
import { withFolderLock } from "@retool-ts/runs";
import { addCheckpointRoutes } from "./http/checkpoint-routes.js";
import { addDirectRoutes } from "./http/direct-routes.js";
import { addFutureRoutes } from "./http/future-routes.js";
import type { ServedBase } from "./served-base.js";
import { TinkerService, type TinkerServiceOptions } from "./service/tinker-service.js";

/** Options of {@link openTinkerServer}. All bounds have defaults. */
export interface TinkerServerOptions extends ServerAddress {
  /** The models that clients may train and sample. */
  readonly bases: readonly ServedBase[];
  /** Keeps sessions, states, checkpoints and requests; a server that opens it again goes on with them. One server at a time. */
  readonly folder: string;
  /** Models in training at once; beyond, 429. Default: 64. */
  readonly maxModels?: number;
  /** Sequences that are sampled at once. Default: 64. */
  readonly maxSequences?: number;
  /** Samples of one request. Default: 1,024. */
  readonly maxSamples?: number;
  /** Requests of a session that wait or whose results were not fetched; beyond, 429. Default: 10,000. */
  readonly maxOutstanding?: number;
  /** Largest body, in bytes. Default: 32 MiB. */
  readonly maxBodyBytes?: number;
  /** Numbers in a body that is JSON. Default: 4,000,000. */
  readonly maxBodyValues?: number;
  /** Milliseconds that a question for a result is held. Default: 40,000, which is below the SDK's 45. */
  readonly pollMs?: number;
  /** Milliseconds that a result is kept after it was delivered. Default: 300,000. */
  readonly keepMs?: number;
  /** Milliseconds without a heartbeat after which a session ends. Default: 300,000. */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds that requests wait for one that goes before them and has not come. Default: 300,000. */
  readonly gapTimeoutMs?: number;
  /** Sampling weights that stay in memory while nobody uses them. Default: 4. */
  readonly idleWeights?: number;
  /** Milliseconds between two looks for what has ended. Default: 30,000. */
  readonly sweepMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Hears of faults that no client is told. */
  readonly onFault?: (error: unknown) => void;
}

/** A server that runs. */
export interface TinkerServer {
  /** Such as `http://127.0.0.1:8080`: the `base_url` of clients. */
  readonly url: string;
  /** What it does at the moment, as in its metrics. */
  readonly status: TinkerStatus;
  /** Takes no more requests and ends what is at work; what is undone goes on when the folder is opened again. */
  close(graceMs?: number): Promise<void>;
}

/** Numbers of a server. */
export interface TinkerStatus {
  readonly sessions: number;
  readonly models: number;
  /** Requests without a result. */
  readonly pending: number;
  /** Questions for a result that are held. */
  readonly held: number;
  readonly trainedTokens: number;
  readonly sampledTokens: number;
}

/**
 * Serves the Tinker API over engines of this process.
 *
 * @throws InputError when an option is out of range, nothing can listen at the address, or another server works in the folder.
 */
export async function openTinkerServer(options: TinkerServerOptions): Promise<TinkerServer> {
  const { bases, folder } = options;
  if (bases.length === 0 || new Set(bases.map(({ name }) => name)).size < bases.length) {
    const found = bases.map(({ name }) => name).join(", ") || "none";
    throw new InputError({
      what: "tinker server",
      where: "bases",
      expected: "models, each with a name of its own",
      found,
      fix: "name other models",
    });
  }
  await mkdir(folder, { recursive: true });
  const lock = await holdLock(folder);
  try {
    return await openUnlocked(options, lock.release);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openUnlocked(options: TinkerServerOptions, release: () => Promise<void>): Promise<TinkerServer> {
  const { token, host, port, maxBodyBytes = 32 * 2 ** 20, maxBodyValues = 4e6, pollMs = 40_000, sweepMs = 30_000 } = options;
  const service = await TinkerService.open(serviceOptions(options));
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // one a question that is held
  const metrics = new HttpMetrics();
  watch(metrics, service);
  const openPaths = ["/health", "/api/v1/healthz"];
  const errorBody = ({ message, code }: { readonly message: string; readonly code?: string | undefined }) => ({
    detail: message,
    ...defined({ code }),
  });
  const app = httpApp({ ...defined({ token }), keyHeader: "x-api-key", openPaths, metrics, errorBody });
  app.use(async (_, next) => {
    const end = service.breathing.begin();
    try {
      await next();
    } finally {
      // The answer is written in the rounds that follow.
      setImmediate(() => setImmediate(end));
    }
  });
  const limits = { maxBytes: maxBodyBytes, maxValues: maxBodyValues };
  addDirectRoutes(app, service, limits);
  addFutureRoutes(app, service, { limits, pollMs, stopping: stopping.signal });
  addCheckpointRoutes(app, service);
  const sweep = setInterval(() => void service.sweep().catch(options.onFault ?? (() => {})), sweepMs);
  sweep.unref();
  const end = async () => {
    clearInterval(sweep);
    await service.close();
    await release();
  };
  try {
    // A pass may outlast the usual deadlines, and what came meanwhile is read after it: connections must not have been closed by then.
    const patience = { receiveMs: 300_000, keepAliveMs: 300_000 };
    const server = await openServer({ what: "tinker server", ...defined({ token, host, port }), ...patience, fetch: app.fetch, stopping });
    const close = async (graceMs?: number) => {
      // Held questions end at once: their clients ask the next process.
      stopping.abort();
      await server.close(graceMs);
      await end();
    };
    return { url: server.url, close, get status() { return statusOf(service); } }; // prettier-ignore
  } catch (error) {
    await end();
    throw error;
  }
}

function serviceOptions(options: TinkerServerOptions): TinkerServiceOptions {
  const { bases, folder, maxModels = 64, maxSequences = 64, maxSamples = 1024, maxOutstanding = 10_000, gapTimeoutMs = 300_000 } = options;
  const { keepMs = 300_000, sessionTimeoutMs = 300_000, idleWeights = 4, now = Date.now, onFault = () => {} } = options;
  return {
    bases,
    folder,
    maxModels,
    maxSequences,
    maxSamples,
    maxOutstanding,
    gapTimeoutMs,
    keepMs,
    sessionTimeoutMs,
    idleWeights,
    now,
    onFault,
  };
}

function statusOf({ context, futures }: TinkerService): TinkerStatus {
  return { sessions: context.sessions.size, models: context.models.size, pending: futures.pending, held: futures.held, ...context.counts };
}

function watch(metrics: HttpMetrics, service: TinkerService): void {
  const { context, futures } = service;
  metrics.gauge("retool_tinker_sessions", "Sessions that are alive.", () => context.sessions.size);
  metrics.gauge("retool_tinker_models", "Models in training.", () => context.models.size);
  metrics.gauge("retool_tinker_pending", "Requests without a result.", () => futures.pending);
  metrics.gauge("retool_tinker_held", "Questions for a result that are held.", () => futures.held);
  metrics.gauge("retool_tinker_passes_waiting", "Passes that wait for their turn.", () => context.compute.waiting);
  metrics.gauge("retool_tinker_sequences_active", "Sequences that are sampled.", () => context.sequences.active);
  metrics.gauge("retool_tinker_weights_open", "Sampling weights in memory.", () => context.weights.size);
  metrics.total("retool_tinker_trained_tokens_total", "Targets that gradients were computed of.", () => context.counts.trainedTokens);
  metrics.total("retool_tinker_sampled_tokens_total", "Tokens that were sampled.", () => context.counts.sampledTokens);
}

/** Holds the folder's lock until it is released. */
async function holdLock(folder: string): Promise<{ release(): Promise<void> }> {
  let open = () => {};
  const released = new Promise<void>((resolve) => (open = resolve));
  return new Promise((resolve, reject) => {
    const held = withFolderLock(folder, () => {
      resolve({
        async release() {
          open();
          await held;
        },
      });
      return released;
    });
    held.catch(reject);
  });
}
