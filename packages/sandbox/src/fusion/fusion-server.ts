import { openServer, type HttpServer, type ServerAddress } from "@retool-ts/http";
import { fusionApp, type FusionAppOptions } from "./fusion-app.js";

/** Options of {@link serveSandboxFusion}. */
export interface SandboxFusionServerOptions extends FusionAppOptions, ServerAddress {}

/** A server that runs. */
export type SandboxFusionServer = HttpServer;

/**
 * Serves SandboxFusion's HTTP API over a sandbox.
 *
 * @throws InputError when an option is out of range, or nothing can listen at the address.
 */
export async function serveSandboxFusion(options: SandboxFusionServerOptions): Promise<SandboxFusionServer> {
  const stopping = new AbortController();
  const { app, closePython } = fusionApp(options, stopping.signal);
  const { host, port, token } = options;
  const address = { ...(host !== undefined && { host }), ...(port !== undefined && { port }), ...(token !== undefined && { token }) };
  const server = await openServer({ ...address, what: "sandbox server", fetch: app.fetch, stopping });
  return { url: server.url, close: (graceMs) => server.close(graceMs).then(closePython) };
}
