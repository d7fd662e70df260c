import { Hono, type MiddlewareHandler } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { HTTPException } from "hono/http-exception";
import { HttpFault } from "./http-fault.js";
import type { HttpMetrics } from "./http-metrics.js";
import { isLoopback } from "./open-server.js";

/** Options of {@link httpApp}. */
export interface HttpAppOptions {
  /** When given, every request but those of `openPaths` must carry `Authorization: Bearer TOKEN`. */
  readonly token?: string;
  /** A header that may carry the token alone, such as `x-api-key`, instead. */
  readonly keyHeader?: string;
  /** Paths that need no token, `/health` by default. */
  readonly openPaths?: readonly string[];
  /** The body of an error's answer, in the server's own shape. */
  readonly errorBody: (fault: HttpFault) => unknown;
  /** Counts every answer, and is at `/metrics`. */
  readonly metrics?: HttpMetrics;
}

/**
 * A Hono app that has the guards which every server needs: keys compared in constant time, faults in one shape, nothing of an unforeseen
 * error's stack, `/health` and `/metrics`. Routes are added behind them.
 *
 * Without a token, requests must name this machine in `Host`, so that no page in a browser reaches the server under a name of its own.
 */
export function httpApp({ token, keyHeader, openPaths = ["/health"], errorBody, metrics }: HttpAppOptions): Hono {
  const answer = (fault: HttpFault): Response => Response.json(errorBody(fault), { status: fault.status, headers: { ...fault.headers } });
  const app = new Hono();
  app.onError((error) => {
    if (error instanceof HttpFault) return answer(error);
    if (error instanceof HTTPException) return error.getResponse();
    return answer(new HttpFault(500, `the server failed: ${error.message}`, { code: "server_error" }));
  });
  app.notFound(() => answer(new HttpFault(404, "Not Found", { code: "not_found" })));
  app.use(async (c, next) => {
    await next();
    metrics?.countAnswer(c.res.status);
  });
  app.use(async (c, next) => {
    if (token === undefined && !isLoopback(hostOf(c.req.header("host") ?? "localhost"))) {
      throw new HttpFault(403, "without a token this server answers requests to 127.0.0.1 and localhost alone", { code: "wrong_host" });
    }
    await next();
  });
  app.get("/health", (c) => c.text("ok"));
  if (token !== undefined) app.use(keyGuard({ token, keyHeader, openPaths, errorBody }));
  if (metrics !== undefined) app.get("/metrics", async (c) => c.text(await metrics.text()));
  return app;
}

/** A middleware that refuses a method at paths that know another one; it goes behind the routes. */
export function onlyMethod(app: Hono, method: string, paths: readonly string[]): void {
  app.all("*", (c, next) => {
    if (!paths.includes(c.req.path)) return next();
    throw new HttpFault(405, "Method Not Allowed", { code: "method_not_allowed", headers: { allow: method } });
  });
}

interface KeyGuardOptions extends Required<Pick<HttpAppOptions, "token" | "openPaths" | "errorBody">> {
  readonly keyHeader: string | undefined;
}

function keyGuard({ token, keyHeader, openPaths, errorBody }: KeyGuardOptions): MiddlewareHandler {
  const needed = { message: errorBody(new HttpFault(401, "a bearer token is needed", { code: "invalid_api_key" })) as object };
  const messages = { noAuthenticationHeader: needed, invalidAuthenticationHeader: needed, invalidToken: needed };
  const bearer = bearerAuth({ token, ...messages });
  const plain = keyHeader === undefined ? bearer : bearerAuth({ token, headerName: keyHeader, prefix: "", ...messages });
  return (c, next) => {
    if (openPaths.includes(c.req.path)) return next();
    return keyHeader !== undefined && c.req.header(keyHeader) !== undefined ? plain(c, next) : bearer(c, next);
  };
}

/** The name in a `Host` header, without the port. */
function hostOf(header: string): string {
  return header.replace(/:\d+$/, "");
}
