import { type HttpServer, openServer, type ServerAddress } from "@retool-ts/http";
import { RunList } from "./run-list.js";
import { RunTicker } from "./run-ticker.js";
import { watchApp } from "./watch-app.js";
import type { ParseConfig } from "./watched-run.js";

/** What to watch, and where the page is served. */
export interface WatchOptions extends ServerAddress {
  /** Folders of runs, or folders of such folders. */
  readonly paths: readonly string[];
  /** Reads a run's `config.yaml`; without it, configs are shown as text, and no time to go is told. */
  readonly parseConfig?: ParseConfig;
  /** Milliseconds between two looks at the folders, 1 000 by default. Nobody looks while no page is open. */
  readonly intervalMs?: number;
}

/** A dashboard that is served. */
export interface WatchServer extends HttpServer {
  /** The address of the page; with a token, that is behind `#`, where no server and no log sees it. */
  readonly page: string;
}

/**
 * Serves a page that follows training runs.
 *
 * @throws InputError when a path is no folder, or nothing can listen at the address.
 */
export async function watchRuns({
  paths,
  parseConfig = () => undefined,
  intervalMs = 1_000,
  ...address
}: WatchOptions): Promise<WatchServer> {
  const ticker = new RunTicker(await RunList.open(paths, parseConfig), intervalMs);
  const stopping = new AbortController();
  const { token } = address;
  const app = watchApp(ticker, { ...(token === undefined ? {} : { token }), stopping: stopping.signal });
  const server = await openServer({ what: "watch", port: 0, ...address, fetch: app.fetch, stopping });
  return {
    url: server.url,
    page: token === undefined ? `${server.url}/` : `${server.url}/#token=${encodeURIComponent(token)}`,
    async close(graceMs = 200) {
      await server.close(graceMs);
      ticker.close();
    },
  };
}
