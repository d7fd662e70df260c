import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { InputError } from "@retool-ts/core";
import { fusionApp, type FusionAppOptions } from "./fusion-app.js";

/** Options of {@link serveSandboxFusion}. */
export interface SandboxFusionServerOptions extends FusionAppOptions {
  /** Address to listen at, `127.0.0.1` by default; another one than loopback needs a `token`. */
  readonly host?: string;
  /** 8080 by default; 0 takes a free one. */
  readonly port?: number;
}

/** A server that runs. */
export interface SandboxFusionServer {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more requests, gives those at work `graceMs` (10 000 by default) to end, then ends them. */
  close(graceMs?: number): Promise<void>;
}

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
  const { app, closePython } = fusionApp(options, stopping.signal);
  const serverOptions = { requestTimeout: 30_000, headersTimeout: 10_000 };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions, overrideGlobalObjects: false }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(cannotListen(host, port, cause)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    close: (graceMs = 10_000) => shutDown(server, stopping, graceMs).then(closePython),
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
