import { existsSync } from "node:fs";
import type * as fsPromises from "node:fs/promises";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { FILES, WEIGHTS, useHubCache } from "../test/hub-cache.js";
import { sha256 } from "../test/hub-server.js";

const { state, serve, download, blobs } = useHubCache();

describe("a download that breaks off", () => {
  test("goes on where it stopped, in the same call, as often as some bytes come", async () => {
    const { seen } = await serve({ cutAfter: 12_000 });
    const loaded: number[] = [];
    await download({ retries: 4, onProgress: ({ path, loaded: bytes }) => path === "model.safetensors" && loaded.push(bytes) });
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

  test("that lacked only its name gets that, and no byte is asked for", async () => {
    const { seen } = await serve();
    await mkdir(blobs(), { recursive: true });
    await writeFile(join(blobs(), `${sha256(WEIGHTS)}.incomplete`), WEIGHTS);
    await download({ files: ["model.safetensors"] });
    expect(seen).toHaveLength(1); // the list
    expect(await readdir(blobs())).toEqual([sha256(WEIGHTS)]);
  });

  test("begins again with a server that knows no ranges, or when too much was kept", async () => {
    const half = WEIGHTS.subarray(0, 70_000);
    for (const [kept, faults] of [
      [half, { ignoresRanges: true }],
      [half, { answersFromZero: true }],
      [Buffer.alloc(200_000), { answersFromZero: true }],
    ] as const) {
      await mkdir(blobs(), { recursive: true });
      await writeFile(join(blobs(), `${sha256(WEIGHTS)}.incomplete`), kept);
      await serve(faults);
      await download();
      expect(await readFile(join(blobs(), sha256(WEIGHTS)))).toEqual(WEIGHTS);
      await rm(join(state.cacheDir, "models--owner--name"), { recursive: true });
    }
  });

  test("bytes with another hash are thrown away, large and small", async () => {
    for (const [path, name] of [
      ["model.safetensors", "sha256"],
      ["config.json", "git-sha1"],
    ] as const) {
      await serve({ wrongBytes: { [path]: Buffer.alloc(FILES[path].length, 1) } });
      await expect(download({ files: [path] })).rejects.toThrow(new RegExp(`${path}: the \\d+ bytes that came do not have the ${name} `));
      expect(await readdir(blobs())).toEqual([]);
      expect(existsSync(join(state.cacheDir, "models--owner--name/snapshots"))).toBe(false);
    }
  });

  test("408, 429 and 503 are tried again; in the end the message says what to do", async () => {
    await serve({ trouble: [429, 503, 408] });
    await download();
    await serve({ trouble: [503, 503, 503] });
    await expect(download({ retries: 2 })).rejects.toThrow(/owner\/name@main: the server answered 503.*HF_HUB_OFFLINE=1/);
    await state.server!.close();
    await expect(download({ retries: 1 })).rejects.toThrow(/no connection to 127\.0\.0\.1:\d+ \(.*ECONNREFUSED/);
  });

  test("an answer that is no list is refused, and tried again first", async () => {
    const { seen } = await serve({ page: "<html>Log in</html>" });
    const failure: unknown = await download({ retries: 1 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "HUB", message: expect.stringContaining("owner/name@main: the answer is no JSON") as string });
    expect(seen).toHaveLength(2);
    await serve({ page: '{"siblings":1}' });
    await expect(download()).rejects.toThrow(/the answer is no list of files \(sha\)/);
  });

  test("a full disk is not taken for a broken connection, and what came is kept", async () => {
    const { seen } = await serve();
    vi.doMock("node:fs/promises", async (original) => {
      const fs = await original<typeof fsPromises>();
      const full = () => Promise.reject(Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" }));
      const open: typeof fs.open = async (...args) => Object.assign(await fs.open(...args), { writeFile: full });
      return { ...fs, open };
    });
    vi.resetModules();
    const { downloadFromHub } = await import("./download.js");
    const { endpoint } = state.server!;
    const options = {
      repo: "owner/name",
      endpoint,
      cacheDir: state.cacheDir,
      files: ["model.safetensors"],
      offline: false,
      retryDelayMs: 1,
    };
    await expect(downloadFromHub(options)).rejects.toThrow(/^ENOSPC/);
    vi.doUnmock("node:fs/promises");
    vi.resetModules();
    expect(seen.filter(({ server: name }) => name === "files")).toHaveLength(1);
  });

  test("more bytes than the list says are not taken in", async () => {
    await serve({ wrongBytes: { "model.safetensors": Buffer.alloc(5_000_000) } });
    const loaded: number[] = [];
    await expect(download({ onProgress: ({ loaded: bytes }) => loaded.push(bytes) })).rejects.toThrow(
      /model\.safetensors: more than the 100000 bytes that the hub states/,
    );
    expect(Math.max(...loaded)).toBeLessThanOrEqual(WEIGHTS.length);
    expect(await readdir(blobs())).not.toContain(`${sha256(WEIGHTS)}.incomplete`);
  });

  test("a signal ends it", async () => {
    const controller = new AbortController();
    await serve({ cutAfter: 1_000 });
    const onProgress = () => controller.abort();
    await expect(download({ signal: controller.signal, onProgress })).rejects.toThrow(/abort/i);
  });
});
