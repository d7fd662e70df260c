import { HttpFault, httpApp, RequestGate } from "@retool-ts/http";
import type { Html } from "@retool-ts/report";
import type { Context, Hono } from "hono";
import { compress } from "hono/compress";
import { streamSSE } from "hono/streaming";
import { renderConfigPart } from "./part-config.js";
import { renderCurvesPart } from "./part-curves.js";
import { renderDiff } from "./part-diff.js";
import { renderRolloutsPart } from "./part-rollouts.js";
import { renderRuns } from "./part-runs.js";
import type { RunTicker } from "./run-ticker.js";
import { WATCH_PAGE } from "./watch-page.js";

/** Pages that may follow runs at once. */
const MOST_FOLLOWERS = 32;
/** Parts that may be made at once, and wait. */
const GATE = { maxConcurrency: 1, queueLimit: 64 };
const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" };

/**
 * The dashboard: a page without any data, parts of it as HTML, and events that say when to ask for them again. Runs go by ids that this server
 * gave them; no request names a path.
 */
export function watchApp(ticker: RunTicker, { token, stopping }: { readonly token?: string; readonly stopping: AbortSignal }): Hono {
  const app = httpApp({
    ...(token === undefined ? {} : { token }),
    openPaths: ["/", "/health"],
    errorBody: ({ message }) => ({ error: message }),
  });
  const gate = new RequestGate(GATE);
  const part =
    (make: (query: (name: string) => string | undefined, all: (name: string) => string[]) => Html | Promise<Html>) => (c: Context) =>
      gate.run(async () => {
        if (ticker.followers === 0) await ticker.look();
        const query = (name: string) => c.req.query(name)?.slice(0, 500);
        const html = await make(query, (name) => (c.req.queries(name) ?? []).slice(0, 100));
        return c.html(html.markup, 200, HEADERS);
      });
  const { list } = ticker;
  const ticked = (ids: readonly string[]) => list.runs.filter(({ id }) => ids.includes(id));
  app.use("/parts/*", compress());
  app.get("/", (c) => c.html(WATCH_PAGE, 200, HEADERS));
  app.get("/parts/runs", part(() => renderRuns(list.runs))); // prettier-ignore
  app.get("/parts/curves", part((query, all) => renderCurvesPart(ticked(all("run")), { smooth: query("smooth"), count: query("count") }))); // prettier-ignore
  app.get(
    "/parts/rollouts",
    part((query) =>
      renderRolloutsPart(list.find(query("run")), {
        file: query("file"),
        verdict: query("verdict"),
        stop: query("stop"),
        calls: query("calls"),
        problem: query("problem"),
        page: query("page"),
      }),
    ),
  );
  app.get("/parts/diff", part((query, all) => renderDiff(ticked(all("run")), { before: query("before"), after: query("after"), problem: query("problem") }))); // prettier-ignore
  app.get(
    "/parts/config",
    part((query) => renderConfigPart(list.runs, { run: query("run"), other: query("other") })),
  );
  app.get("/events", (c) => {
    if (ticker.followers >= MOST_FOLLOWERS) throw new HttpFault(429, "too many pages follow these runs", { code: "rate_limit_exceeded" });
    return streamSSE(c, async (stream) => {
      const ends = AbortSignal.any([stopping, c.req.raw.signal]);
      stream.onAbort(() => wake());
      let wake = () => {};
      const unfollow = ticker.follow(() => wake());
      ends.addEventListener("abort", () => wake(), { once: true });
      await ticker.look();
      try {
        for (let version = -1; !ends.aborted && !stream.aborted;) {
          if (version !== ticker.version) {
            version = ticker.version;
            await stream.writeSSE({
              event: "change",
              data: JSON.stringify({ version, runs: list.runs.map(({ id, version: own }) => [id, own]) }),
            });
            continue;
          }
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        unfollow();
      }
    });
  });
  return app;
}
