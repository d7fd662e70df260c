import { readdir, readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "@retool-ts/core";
import { HttpFault, httpApp, openServer, type HttpServer } from "@retool-ts/http";
import { compress } from "hono/compress";
import { getMimeType } from "hono/utils/mime";

/** Where the page is served. */
export interface PlaygroundOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/**
 * The folder with the page: static files that any server may hand out, under any path.
 *
 * @throws InputError when they have not been built.
 */
export function playgroundFolder(): string {
  const places = ["./site", "../dist/site"].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = places.find((place) => existsSync(join(place, "index.html")));
  if (found !== undefined) return found;
  const problem = { what: "playground", where: places.at(-1)!, expected: "the page's files", found: "none" };
  throw new InputError({ ...problem, fix: "npm run build" });
}

/**
 * Serves the page on loopback: from there it runs in the browser alone, and asks for nothing more.
 *
 * @throws InputError when the page has not been built, or nothing can listen at the port.
 */
export async function servePlayground({ port = 0 }: PlaygroundOptions = {}): Promise<HttpServer> {
  const folder = playgroundFolder();
  const files = await filesOf(folder);
  const app = httpApp({ errorBody: ({ message }) => ({ error: message }) });
  app.use(compress());
  app.get("*", async (c) => {
    const name = c.req.path === "/" ? "/index.html" : c.req.path;
    if (!files.has(name)) throw new HttpFault(404, "Not Found", { code: "not_found" }); // only what is in the folder: no path leaves it
    const type = getMimeType(name) ?? "application/octet-stream";
    return c.body(await readFile(join(folder, name)), 200, {
      "content-type": type,
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
  });
  return openServer({ what: "playground", port, fetch: app.fetch, stopping: new AbortController() });
}

/** The page's files, as paths of addresses. */
async function filesOf(folder: string): Promise<ReadonlySet<string>> {
  const entries = await readdir(folder, { recursive: true });
  return new Set(entries.map((name) => `/${name.replaceAll("\\", "/")}`).filter((name) => name.includes(".")));
}
