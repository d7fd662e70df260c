import { request } from "node:http";
import { expect, test } from "vitest";
import { servePlayground } from "./serve-playground.js";

/** The status of a path as it is written, which `fetch` would tidy up. */
function statusOf(url: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, headers }, (response) => resolve(response.resume().statusCode!))
      .on("error", reject)
      .end();
  });
}

test("the page and its files are served with their types and compressed, and nothing else is", async () => {
  const server = await servePlayground();
  try {
    const page = await fetch(server.url);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("content-encoding")).toBe("gzip");
    const names = [...(await page.text()).matchAll(/(?:src|href)="(\.\/assets\/[^"]+)"/g)].map(([, name]) => name!);
    expect(names.map((name) => name.split(".").at(-1)).sort()).toEqual(expect.arrayContaining(["css", "js"]));
    for (const name of names) {
      const file = await fetch(new URL(name, server.url));
      expect([file.status, file.headers.get("content-type")]).toEqual([200, expect.stringMatching(/javascript|css/)]);
    }
    for (const path of ["/none", "/assets", "/../index.js", "/assets/../../index.js", "/%2e%2e/index.js"]) {
      expect(await statusOf(server.url, path), path).toBe(404);
    }
    expect(await statusOf(server.url, "/", { host: "elsewhere.example" })).toBe(403);
  } finally {
    await server.close();
  }
});
