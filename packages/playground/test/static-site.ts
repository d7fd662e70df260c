import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const PACKAGE = join(import.meta.dirname, "..");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Builds the page of the present sources into a folder, with the packages as they were last built. */
export async function buildSite(folder: string): Promise<void> {
  const manifest = createRequire(import.meta.url).resolve("vite/package.json");
  const { NODE_ENV: _, VITEST: __, ...env } = process.env;
  const args = [join(dirname(manifest), "bin/vite.js"), "build", PACKAGE, "--outDir", folder, "--emptyOutDir", "--logLevel", "error"];
  await promisify(execFile)(process.execPath, args, { cwd: PACKAGE, env });
}

/** A server that knows nothing but files: the page lies below a path, as on a host that has other pages too. */
export interface StaticSite {
  readonly url: string;
  /** What was asked for. */
  readonly requests: string[];
  /** Bytes of the files that were handed out, compressed with gzip. */
  compressedBytes(): Promise<number>;
  close(): Promise<void>;
}

export async function serveSite(folder: string): Promise<StaticSite> {
  const requests: string[] = [];
  const base = "/some/path/";
  const server = createServer((request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname;
    requests.push(path);
    const name = path === base ? "index.html" : path.slice(base.length);
    const isHere = path.startsWith(base) && !name.includes("..");
    readFile(isHere ? join(folder, name) : "").then(
      (bytes) => response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream" }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    requests,
    async compressedBytes() {
      const names = [...new Set(requests)].map((path) => (path === base ? "index.html" : path.slice(base.length)));
      const sizes = await Promise.all(names.map(async (name) => gzipSync(await readFile(join(folder, name)), { level: 9 }).length));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
