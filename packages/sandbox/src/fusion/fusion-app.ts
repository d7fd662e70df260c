import { httpApp, HttpFault, onlyMethod, readJsonBody, RequestGate, requestSignal } from "@retool-ts/http";
import { resolveLimits, type Limits } from "../limits.js";
import { PYTHON_LIMITS } from "../python/python-limits.js";
import type { Sandbox } from "../sandbox.js";
import { fusionMetrics } from "./fusion-metrics.js";
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
  readonly app: ReturnType<typeof httpApp>;
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
  const gate = new RequestGate({ maxConcurrency, queueLimit });
  let pythonSandbox: Promise<Sandbox | string> | undefined;
  const openPython = (): Promise<Sandbox | string> => {
    pythonSandbox ??= python!().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    return pythonSandbox;
  };
  const engines: Engines = { javascript: sandbox, python: python && openPython };
  const most = resolveLimits(options.limits);
  const mostPython = resolveLimits(options.limits, PYTHON_LIMITS);

  const app = httpApp({
    ...(token !== undefined && { token }),
    openPaths: ["/health", "/v1/ping"],
    metrics: fusionMetrics(() => sandbox.stats(), gate),
    errorBody: ({ message }) => ({ detail: message }),
  });
  app.get("/v1/ping", (c) => c.text("pong"));
  app.on("POST", RUNS, async (c) => {
    gate.check();
    const body = await readJsonBody(c.req.raw, { maxBytes: maxBodyBytes }).catch(noJson);
    if (body === NO_JSON)
      return c.json({ detail: [{ loc: ["body"], msg: "expected JSON", type: "value_error" } satisfies FieldProblem] }, 422);
    const request = c.req.path === "/run_code" ? parseRunCode(body) : parseRunJupyter(body);
    if (Array.isArray(request)) return c.json({ detail: request }, 422);
    const { signal, release } = requestSignal(c.req.raw, { stopping });
    const terms = { signal, most, mostPython };
    try {
      return c.json(
        await gate.run(async () =>
          "cells" in request ? await runJupyter(engines, request, terms) : await runCode(engines, request, terms),
        ),
      );
    } finally {
      release();
    }
  });
  onlyMethod(app, "POST", RUNS);
  onlyMethod(app, "GET", ["/health", "/v1/ping", "/metrics"]);
  return {
    app,
    async closePython() {
      const opened = await pythonSandbox;
      if (typeof opened === "object") await opened.close();
    },
  };
}

const NO_JSON = Symbol("no JSON");

/** SandboxFusion answers a body that is no JSON as it answers a field that is wrong. */
function noJson(fault: unknown): typeof NO_JSON {
  if (fault instanceof HttpFault && fault.code === "invalid_json") return NO_JSON;
  throw fault;
}
