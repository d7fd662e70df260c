import { Hono, type Context } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import pLimit from "p-limit";
import { resolveLimits, type Limits } from "../limits.js";
import { PYTHON_LIMITS } from "../python/python-limits.js";
import type { Sandbox } from "../sandbox.js";
import { FusionMetrics } from "./fusion-metrics.js";
import { parseRunCode, parseRunJupyter, type FieldProblem } from "./fusion-protocol.js";
import { runCode, runJupyter, type Engines } from "./fusion-run.js";

/** The sandboxes that a server serves, and its bounds. */
export interface FusionAppOptions {
  /** Sandbox for JavaScript. The server does not close it. */
  readonly sandbox: Sandbox;
  /**
   * Makes the sandbox for `python`, at the first request that names it; a rejection's message is the answer to that request and
   * all later ones. The server closes what it gave.
   */
  readonly python?: () => Promise<Sandbox>;
  /** Most that a request may ask for: its `run_timeout` and `memory_limit_MB` only lower these; defaults as everywhere. */
  readonly limits?: Partial<Limits>;
  /** When given, every request but `/health` and `/v1/ping` must carry `Authorization: Bearer TOKEN`. */
  readonly token?: string;
  /** Longer bodies get 413; 1 MiB by default. */
  readonly maxBodyBytes?: number;
  /** Requests that run at once, 16 by default. */
  readonly maxConcurrency?: number;
  /** Requests that may wait, 256 by default; beyond, they get 429. */
  readonly queueLimit?: number;
}

/** The server's routes, and the end of what they started. */
export interface FusionApp {
  readonly app: Hono;
  readonly closePython: () => Promise<void>;
}

const RUNS = ["/run_code", "/run_jupyter"];

/**
 * SandboxFusion's HTTP API over a sandbox.
 *
 * @param stopping - ends the requests at work.
 */
export function fusionApp(options: FusionAppOptions, stopping: AbortSignal): FusionApp {
  const { sandbox, python, token, maxBodyBytes = 2 ** 20, maxConcurrency = 16, queueLimit = 256 } = options;
  const permits = pLimit(maxConcurrency);
  const metrics = new FusionMetrics({
    stats: () => sandbox.stats(),
    active: () => permits.activeCount,
    waiting: () => permits.pendingCount,
  });
  let pythonSandbox: Promise<Sandbox | string> | undefined;
  const openPython = (): Promise<Sandbox | string> => {
    pythonSandbox ??= python!().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    return pythonSandbox;
  };
  const engines: Engines = { javascript: sandbox, python: python && openPython };
  const most = resolveLimits(options.limits);
  const mostPython = resolveLimits(options.limits, PYTHON_LIMITS);

  const app = new Hono();
  app.onError((error, c) =>
    error instanceof HTTPException ? error.getResponse() : c.json({ detail: `the server failed: ${error.message}` }, 500),
  );
  app.notFound((c) => c.json({ detail: "Not Found" }, 404));
  app.use(async (c, next) => {
    await next();
    metrics.countAnswer(c.res.status);
  });
  app.get("/v1/ping", (c) => c.text("pong"));
  app.get("/health", (c) => c.text("ok"));
  app.on(["POST", "PUT", "DELETE", "PATCH"], ["/v1/ping", "/health"], wrongMethod);
  if (token !== undefined) {
    const needed = { message: { detail: "a bearer token is needed" } };
    app.use(bearerAuth({ token, noAuthenticationHeader: needed, invalidAuthenticationHeader: needed, invalidToken: needed }));
  }
  app.get("/metrics", async (c) => c.text(await metrics.text()));
  const isFull = (): boolean => permits.pendingCount >= queueLimit;
  app.on(
    "POST",
    RUNS,
    async (c, next) => {
      if (!/^application\/json\b/i.test(c.req.header("content-type") ?? ""))
        return c.json({ detail: "the body must be application/json" }, 415);
      return isFull() ? tooMany(c) : next();
    },
    bodyLimit({ maxSize: maxBodyBytes, onError: (c) => c.json({ detail: `the body is longer than ${maxBodyBytes} bytes` }, 413) }),
    async (c) => {
      let body: unknown;
      try {
        body = await c.req.json();
      } catch {
        return c.json({ detail: [{ loc: ["body"], msg: "expected JSON", type: "value_error" } satisfies FieldProblem] }, 422);
      }
      const request = c.req.path === "/run_code" ? parseRunCode(body) : parseRunJupyter(body);
      if (Array.isArray(request)) return c.json({ detail: request }, 422);
      if (isFull()) return tooMany(c); // others came while the body did
      const terms = { signal: AbortSignal.any([c.req.raw.signal, stopping]), most, mostPython };
      return c.json(
        await permits(async () =>
          "cells" in request ? await runJupyter(engines, request, terms) : await runCode(engines, request, terms),
        ),
      );
    },
  );
  app.all("*", (c, next) => ([...RUNS, "/metrics"].includes(c.req.path) ? wrongMethod(c) : next()));
  return {
    app,
    async closePython() {
      const opened = await pythonSandbox;
      if (typeof opened === "object") await opened.close();
    },
  };
}

function tooMany(c: Context): Response {
  return c.json({ detail: "too many requests wait" }, 429);
}

function wrongMethod(c: Context): Response {
  return c.json({ detail: "Method Not Allowed" }, 405);
}
