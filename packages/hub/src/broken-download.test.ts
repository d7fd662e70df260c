import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FILES, WEIGHTS, useHubCache } from "../test/hub-cache.js";
import { sha256 } from "../test/hub-server.js";

const { state, serve, download, blobs } = useHubCache();

describe("a download that breaks off", () => {
  test("goes on where it stopped, in the same call, as often as some bytes come", async () => {
    const { seen } = await serve({ cutAfter: 12_000 });
    const loaded: number[] = [];
    await download({ retries: 1, onProgress: ({ path, loaded: bytes }) => path === "model.safetensors" && loaded.push(bytes) });
    expect(await readFile(join(blobs(), sha256(WEIGHTS)))).toEqual(WEIGHTS);
    const ranges = seen.filter(({ server: name }) => name === "files").map(({ range }) => range);
    expect(ranges.length).toBeGreaterThanOrEqual(9);
    expect(ranges.slice(0, 2)).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(loaded.at(-1)).toBe(WEIGHTS.length);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
    expect(await readdir(blobs())).not.toContain(`${sha256(WEIGHTS)}.incomplete`);
  });

  test("goes on in a later call", async () => {
    await serve();
    await mkdir(blobs(), { recursive: true });
    await writeFile(join(blobs(), `${sha256(WEIGHTS)}.incomplete`), WEIGHTS.subarray(0, 70_000));
    await download();
    expect(state.server!.seen.find(({ server: name }) => name === "files")!.range).toBe("bytes=70000-");
    expect(await readFile(join(blobs(), sha256(WEIGHTS)))).toEqual(WEIGHTS);
  });

  test("begins again with a server that knows no ranges, or when too much was kept", async () => {
    await mkdir(blobs(), { recursive: true });
    await writeFile(join(blobs(), `${sha256(WEIGHTS)}.incomplete`), WEIGHTS.subarray(0, 70_000));
    await serve({ ignoresRanges: true });
    await download();
    expect(await readFile(join(blobs(), sha256(WEIGHTS)))).toEqual(WEIGHTS);
    await rm(join(state.cacheDir, "models--owner--name"), { recursive: true });
    await mkdir(blobs(), { recursive: true });
    await writeFile(join(blobs(), `${sha256(WEIGHTS)}.incomplete`), Buffer.alloc(200_000));
    await download();
    expect(await readFile(join(blobs(), sha256(WEIGHTS)))).toEqual(WEIGHTS);
  });

  test("bytes with another hash are thrown away, large and small", async () => {
    for (const [path, name] of [
      ["model.safetensors", "sha256"],
      ["config.json", "git-sha1"],
    ] as const) {
      await serve({ wrongBytes: { [path]: Buffer.alloc(FILES[path].length, 1) } });
      await expect(download({ files: [path] })).rejects.toThrow(new RegExp(`${path}: the bytes that came do not have the ${name} `));
      expect(await readdir(blobs())).toEqual([]);
      expect(existsSync(join(state.cacheDir, "models--owner--name/snapshots"))).toBe(false);
    }
  });

  test("429 and 503 are tried again; in the end the message says what to do", async () => {
    await serve({ trouble: [429, 503] });
    await download();
    await serve({ trouble: [503, 503, 503] });
    await expect(download({ retries: 2 })).rejects.toThrow(/owner\/name@main: the server answered 503.*HF_HUB_OFFLINE=1/);
    await state.server!.close();
    await expect(download({ retries: 1 })).rejects.toThrow(/no connection to 127\.0\.0\.1:\d+ \(.*ECONNREFUSED/);
  });

  test("a signal ends it", async () => {
    const controller = new AbortController();
    await serve({ cutAfter: 1_000 });
    const onProgress = () => controller.abort();
    await expect(download({ signal: controller.signal, onProgress })).rejects.toThrow(/abort/i);
  });
});
