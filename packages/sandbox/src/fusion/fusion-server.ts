import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { InputError } from "@retool-ts/core";
import { renderMetrics } from "./fusion-metrics.js";
import { parseRunCode, parseRunJupyter, type FieldProblem } from "./fusion-protocol.js";
import { runCode, runJupyter } from "./fusion-run.js";
import { resolveLimits, type Limits } from "../limits.js";
import { PYTHON_LIMITS } from "../python/python-limits.js";
import type { Sandbox } from "../sandbox.js";
import { Semaphore } from "../semaphore.js";

/** Options of {@link serveSandboxFusion}. */
export interface SandboxFusionServerOptions {
  /** What runs the code. The server does not close it. */
  readonly sandbox: Sandbox;
  /**
   * Makes the sandbox for `python`, at the first request that names it; a rejection's message is the answer to that request and
   * all later ones. The server closes what it gave.
   */
  readonly python?: () => Promise<Sandbox>;
  /** Address to listen at, `127.0.0.1` by default; another one than loopback needs a `token`. */
  readonly host?: string;
  /** 8080 by default; 0 takes a free one. */
  readonly port?: number;
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

/** A server that runs. */
export interface SandboxFusionServer {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more requests, gives those at work `graceMs` (10 000 by default) to end, then ends them. */
  close(graceMs?: number): Promise<void>;
}

/** A status code and a body: text as it is, anything else as JSON. */
interface Answer {
  readonly code: number;
  readonly body: unknown;
}

const JSON_BODY = /^application\/json\b/i;

/**
 * Serves SandboxFusion's HTTP API over a sandbox.
 *
 * @throws InputError when an option is out of range, or nothing can listen at the address.
 */
export async function serveSandboxFusion(options: SandboxFusionServerOptions): Promise<SandboxFusionServer> {
  const { host = "127.0.0.1", port = 8080, token } = options;
  if (token === undefined && !/^(127\.|::1$|localhost$)/.test(host)) {
    const fix = "pass a token, or listen at 127.0.0.1";
    throw new InputError({ what: "sandbox server", where: "token", expected: `a token for ${host}`, found: "none", fix });
  }
  if (!Number.isSafeInteger(port) || port < 0 || port > 65_535) {
    const problem = { what: "sandbox server", where: "port", expected: "a whole number from 0 to 65535", found: String(port) };
    throw new InputError({ ...problem, fix: "choose another port; 0 takes a free one" });
  }
  const stopping = new AbortController();
  const service = new Service(options, stopping.signal);
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000 },
    (request, response) => void service.handle(request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(cannotListen(host, port, cause)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    close: (graceMs = 10_000) => shutDown(server, stopping, graceMs).then(() => service.closePython()),
  };
}

/** Says why the server has no address. */
function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): InputError {
  const found = cause.code === "EADDRINUSE" ? "one that another program listens at" : cause.message;
  return new InputError(
    {
      what: "sandbox server",
      where: `${host}:${port}`,
      expected: "a free address of this machine",
      found,
      fix: "choose another port or host; port 0 takes a free one",
    },
    { cause },
  );
}

async function shutDown(server: Server, stopping: AbortController, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const abort = setTimeout(() => stopping.abort(), graceMs);
  const destroy = setTimeout(() => server.closeAllConnections(), graceMs + 2_000);
  await closed;
  clearTimeout(abort);
  clearTimeout(destroy);
}

class Service {
  readonly #options: SandboxFusionServerOptions;
  readonly #stopping: AbortSignal;
  readonly #permits: Semaphore;
  readonly #queueLimit: number;
  readonly #maxBodyBytes: number;
  readonly #most: Limits;
  readonly #mostPython: Limits;
  readonly #answers = new Map<number, number>();
  #active = 0;
  #python: Promise<Sandbox | string> | undefined;

  constructor(options: SandboxFusionServerOptions, stopping: AbortSignal) {
    this.#options = options;
    this.#stopping = stopping;
    this.#permits = new Semaphore(options.maxConcurrency ?? 16);
    this.#queueLimit = options.queueLimit ?? 256;
    this.#most = resolveLimits(options.limits);
    this.#mostPython = resolveLimits(options.limits, PYTHON_LIMITS);
    this.#maxBodyBytes = options.maxBodyBytes ?? 2 ** 20;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#answer(request, response);
    } catch {
      answer = { code: 500, body: { detail: "the server failed", traceback: "" } };
    }
    this.#answers.set(answer.code, (this.#answers.get(answer.code) ?? 0) + 1);
    if (response.destroyed) return;
    const isText = typeof answer.body === "string";
    const headers: Record<string, string> = { "content-type": isText ? "text/plain; charset=utf-8" : "application/json" };
    if (answer.code === 429) headers["retry-after"] = "1";
    if (answer.code === 413) headers["connection"] = "close";
    response.writeHead(answer.code, headers).end(isText ? answer.body : JSON.stringify(answer.body));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const path = (request.url ?? "/").split("?")[0]!;
    if (path === "/v1/ping" || path === "/health")
      return request.method === "GET" ? { code: 200, body: path === "/health" ? "ok" : "pong" } : wrongMethod();
    if (!this.#isAllowed(request)) return { code: 401, body: { detail: "a bearer token is needed" } };
    if (path === "/metrics") return request.method === "GET" ? { code: 200, body: this.#metrics() } : wrongMethod();
    if (path !== "/run_code" && path !== "/run_jupyter") return { code: 404, body: { detail: "Not Found" } };
    if (request.method !== "POST") return wrongMethod();
    if (!JSON_BODY.test(request.headers["content-type"] ?? "")) return { code: 415, body: { detail: "the body must be application/json" } };
    if (this.#permits.waiting >= this.#queueLimit) return tooMany();
    const text = await readBody(request, this.#maxBodyBytes);
    if (text === undefined) return { code: 413, body: { detail: `the body is longer than ${this.#maxBodyBytes} bytes` } };
    return this.#run(path, text, response);
  }

  async #run(path: "/run_code" | "/run_jupyter", text: string, response: ServerResponse): Promise<Answer> {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return { code: 422, body: { detail: [{ loc: ["body"], msg: "expected JSON", type: "value_error" } satisfies FieldProblem] } };
    }
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#stopping]);
    const engines = { javascript: this.#options.sandbox, python: this.#options.python && (() => this.#pythonSandbox()) };
    const terms = { signal, most: this.#most, mostPython: this.#mostPython };
    const request = path === "/run_code" ? parseRunCode(body) : parseRunJupyter(body);
    if (Array.isArray(request)) return { code: 422, body: { detail: request } };
    if (this.#permits.waiting >= this.#queueLimit) return tooMany(); // others came while the body did
    return this.#permits.run(async () => {
      this.#active++;
      try {
        const answer = "cells" in request ? await runJupyter(engines, request, terms) : await runCode(engines, request, terms);
        return { code: 200, body: answer };
      } finally {
        this.#active--;
      }
    });
  }

  #pythonSandbox(): Promise<Sandbox | string> {
    this.#python ??= this.#options.python!().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    return this.#python;
  }

  async closePython(): Promise<void> {
    const sandbox = await this.#python;
    if (typeof sandbox === "object") await sandbox.close();
  }

  /** Hashes have one length, so that the comparison takes the same time whatever was sent. */
  #isAllowed({ headers }: IncomingMessage): boolean {
    const { token } = this.#options;
    if (token === undefined) return true;
    const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
    return timingSafeEqual(hash(headers.authorization ?? ""), hash(`Bearer ${token}`));
  }

  #metrics(): string {
    const requests = { answers: this.#answers, active: this.#active, waiting: this.#permits.waiting };
    return renderMetrics(this.#options.sandbox.stats(), requests);
  }
}

function tooMany(): Answer {
  return { code: 429, body: { detail: "too many requests wait" } };
}

function wrongMethod(): Answer {
  return { code: 405, body: { detail: "Method Not Allowed" } };
}

/** The body as text; undefined when it is longer than `most` bytes, of which the rest is not kept. */
function readBody(request: IncomingMessage, most: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = Number(request.headers["content-length"] ?? 0) > most ? Infinity : 0;
    if (length > most) resolve(undefined);
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > most) return resolve(undefined);
      chunks.push(chunk);
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.on("error", reject);
  });
}
