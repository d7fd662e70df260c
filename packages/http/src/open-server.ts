import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { InputError } from "@retool-ts/core";

/** Where a server listens, and who may come. */
export interface ServerAddress {
  /** Address to listen at, `127.0.0.1` by default; another one than loopback needs a `token`. */
  readonly host?: string;
  /** 8080 by default; 0 takes a free one. */
  readonly port?: number;
  /** Key that requests carry as `Authorization: Bearer TOKEN`. */
  readonly token?: string;
}

/** Options of {@link openServer}. */
export interface OpenServerOptions extends ServerAddress {
  /** Name of the server in messages, such as `sandbox server`. */
  readonly what: string;
  /** Answers a request; `httpApp` makes one with the guards that belong before it. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Aborted at the end, for requests that are still at work then. */
  readonly stopping: AbortController;
  /** Milliseconds in which a request's headers and body must have come, 30 000 by default. */
  readonly receiveMs?: number;
  /** Milliseconds that an idle connection is kept, 5 000 by default; more where work may hold the event loop up. */
  readonly keepAliveMs?: number;
}

/** A server that runs. */
export interface HttpServer {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more requests, gives those at work `graceMs` (10 000 by default) to end, then ends them. */
  close(graceMs?: number): Promise<void>;
}

/**
 * Opens an HTTP server.
 *
 * @throws InputError when an option is out of range, or nothing can listen at the address.
 */
export async function openServer(options: OpenServerOptions): Promise<HttpServer> {
  const { what, host = "127.0.0.1", port = 8080, token, fetch, stopping, receiveMs = 30_000, keepAliveMs = 5_000 } = options;
  if (token === undefined && !isLoopback(host)) {
    const fix = "pass a token, or listen at 127.0.0.1";
    throw new InputError({ what, where: "token", expected: `a token for ${host}`, found: "none", fix });
  }
  if (token !== undefined && !/^[\w.~+/-]+=*$/.test(token)) {
    const found = token === "" ? "an empty one" : "one with other characters";
    throw new InputError({ what, where: "token", expected: "letters, digits and . _ ~ + / - alone", found, fix: "choose another token" });
  }
  if (!Number.isSafeInteger(port) || port < 0 || port > 65_535) {
    const problem = { what, where: "port", expected: "a whole number from 0 to 65535", found: String(port) };
    throw new InputError({ ...problem, fix: "choose another port; 0 takes a free one" });
  }
  const serverOptions = {
    requestTimeout: receiveMs,
    headersTimeout: Math.min(10_000, receiveMs),
    connectionsCheckingInterval: Math.min(5_000, receiveMs),
  };
  const server = createAdaptorServer({ fetch, serverOptions, overrideGlobalObjects: false }) as Server;
  server.keepAliveTimeout = keepAliveMs;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(cannotListen(what, `${host}:${port}`, cause)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return { url: `http://${name}:${address.port}`, close: (graceMs = 10_000) => shutDown(server, stopping, graceMs) };
}

/** Whether an address is one that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|\[?::1\]?|localhost)$/i.test(host);
}

/** Says why the server has no address. */
function cannotListen(what: string, where: string, cause: NodeJS.ErrnoException): InputError {
  const found = cause.code === "EADDRINUSE" ? "one that another program listens at" : cause.message;
  const fix = "choose another port or host; port 0 takes a free one";
  return new InputError({ what, where, expected: "a free address of this machine", found, fix }, { cause });
}

async function shutDown(server: Server, stopping: AbortController, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const sweep = setInterval(() => server.closeIdleConnections(), 20); // answered requests leave their connections open
  const abort = setTimeout(() => stopping.abort(), graceMs);
  const destroy = setTimeout(() => server.closeAllConnections(), graceMs + 2_000);
  await closed;
  clearInterval(sweep);
  clearTimeout(abort);
  clearTimeout(destroy);
  stopping.abort();
}
