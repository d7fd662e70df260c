import { existsSync } from "node:fs";
import { lstat, mkdtemp, readdir, readFile, readlink, rm, writeFile, mkdir } from "node:fs/promises";
import type * as fsPromises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { COMMIT, gitSha1, hubServer, sha256, type HubContents, type HubServer } from "../test/hub-server.js";
import { downloadFromHub, type DownloadOptions } from "./download.js";

const weights = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31) % 251));
const config = Buffer.from('{"model_type":"llama"}');
const files = { "config.json": config, "model.safetensors": weights, "sub/notes.txt": Buffer.from("notes") };

let cacheDir: string;
let server: HubServer | undefined;

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "retool-hub-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
  await rm(cacheDir, { recursive: true });
});

async function serve(contents: Partial<HubContents> = {}): Promise<HubServer> {
  await server?.close();
  server = await hubServer({ files, large: ["model.safetensors"], ...contents });
  return server;
}
const download = (options: Partial<DownloadOptions> = {}) =>
  downloadFromHub({ repo: "owner/name", endpoint: server!.endpoint, token: "t", cacheDir, offline: false, retryDelayMs: 1, ...options });
const blobs = () => join(cacheDir, "models--owner--name/blobs");

describe("the cache", () => {
  test("is laid out as Python's: blobs by hash, links in the snapshot, the commit in refs", async () => {
    await serve();
    const { folder, commit, files: names } = await download();
    expect([folder, commit]).toEqual([join(cacheDir, "models--owner--name/snapshots", COMMIT), COMMIT]);
    expect(names).toEqual(Object.keys(files));
    expect((await readdir(blobs())).sort()).toEqual([gitSha1(config), gitSha1(files["sub/notes.txt"]), sha256(weights)].sort());
    expect(await readlink(join(folder, "model.safetensors"))).toBe(join("../../blobs", sha256(weights)));
    expect(await readlink(join(folder, "sub/notes.txt"))).toBe(join("../../../blobs", gitSha1(files["sub/notes.txt"])));
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
    expect(await readFile(join(cacheDir, "models--owner--name/refs/main"), "utf8")).toBe(COMMIT);
  });

  test("is not fetched into twice", async () => {
    const { seen } = await serve();
    await download();
    const before = seen.length;
    await download();
    expect(seen.length).toBe(before + 1); // the list, to learn whether main has moved
    await download({ revision: COMMIT, files: ["config.json"] });
    expect(seen.length).toBe(before + 1); // a commit does not move
  });

  test("is all that is used offline", async () => {
    const { seen } = await serve();
    await expect(download({ offline: true })).rejects.toThrow("expected a snapshot in the cache, since HF_HUB_OFFLINE is set");
    await download({ patterns: ["*.json"] });
    const before = seen.length;
    const { files: names } = await download({ offline: true });
    expect(names).toEqual(["config.json"]);
    await expect(download({ offline: true, files: ["model.safetensors"] })).rejects.toThrow(
      "expected model.safetensors, found no such file",
    );
    expect(seen.length).toBe(before);
  });

  test("keeps a bytes' copy where there are no links", async () => {
    await serve();
    const folder = join(cacheDir, "models--owner--name/snapshots", COMMIT);
    vi.doMock("node:fs/promises", async (original) => ({
      ...(await original<typeof fsPromises>()),
      symlink: () => Promise.reject(Object.assign(new Error("no links here"), { code: "EPERM" })),
    }));
    vi.resetModules();
    const again = await import("./download.js");
    await again.downloadFromHub({ repo: "owner/name", endpoint: server!.endpoint, cacheDir, offline: false });
    vi.doUnmock("node:fs/promises");
    vi.resetModules();
    expect((await lstat(join(folder, "config.json"))).isSymbolicLink()).toBe(false);
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
  });
});

describe("which files", () => {
  test("names and patterns choose; a star crosses folders", async () => {
    await serve();
    expect((await download({ patterns: ["*.txt", "conf?g.json"] })).files).toEqual(["config.json", "sub/notes.txt"]);
    expect((await download({ files: ["model.safetensors"] })).files).toEqual(["model.safetensors"]);
    await expect(download({ files: ["absent.bin"] })).rejects.toThrow("owner/name@main: expected absent.bin, found no such file");
    await expect(download({ patterns: ["*.gguf"] })).rejects.toThrow("expected a file that fits *.gguf, found none");
  });

  test("datasets and other revisions have places of their own", async () => {
    const { seen } = await serve();
    const { folder } = await download({ type: "dataset", revision: "refs/pr/1" });
    expect(folder).toBe(join(cacheDir, "datasets--owner--name/snapshots", COMMIT));
    expect(await readFile(join(cacheDir, "datasets--owner--name/refs/refs/pr/1"), "utf8")).toBe(COMMIT);
    expect(seen[1]!.url).toBe(`/datasets/owner/name/resolve/${COMMIT}/config.json`);
  });

  test.each(["../../evil", "/etc/passwd", "a/../../b", "C:\\x", "a\\..\\b", "a//b", "./a", "a\u0000b", "con:stream"])(
    "a repository that lists %j is refused before anything is written",
    async (name) => {
      await serve({ extraNames: [name] });
      await expect(download()).rejects.toThrow("expected names that stay inside the repository");
      expect(await readdir(cacheDir)).toEqual([]);
    },
  );

  test.each(["../x", "owner/../name", "owner/name/more", "a--b/c", ""])("%j is no repository", async (repo) => {
    await serve();
    await expect(download({ repo })).rejects.toThrow("expected owner/name");
    expect(server!.seen).toEqual([]);
  });
});

describe("a download that breaks off", () => {
  test("goes on where it stopped, in the same call, as often as some bytes come", async () => {
    const { seen } = await serve({ cutAfter: 12_000 });
    const loaded: number[] = [];
    await download({ retries: 1, onProgress: ({ path, loaded: bytes }) => path === "model.safetensors" && loaded.push(bytes) });
    expect(await readFile(join(blobs(), sha256(weights)))).toEqual(weights);
    const ranges = seen.filter(({ server: name }) => name === "files").map(({ range }) => range);
    expect(ranges.length).toBeGreaterThanOrEqual(9);
    expect(ranges.slice(0, 2)).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(loaded.at(-1)).toBe(weights.length);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
    expect(await readdir(blobs())).not.toContain(`${sha256(weights)}.incomplete`);
  });

  test("goes on in a later call", async () => {
    await serve();
    await mkdir(blobs(), { recursive: true });
    await writeFile(join(blobs(), `${sha256(weights)}.incomplete`), weights.subarray(0, 70_000));
    await download();
    expect(server!.seen.find(({ server: name }) => name === "files")!.range).toBe("bytes=70000-");
    expect(await readFile(join(blobs(), sha256(weights)))).toEqual(weights);
  });

  test("begins again with a server that knows no ranges, or when too much was kept", async () => {
    await mkdir(blobs(), { recursive: true });
    await writeFile(join(blobs(), `${sha256(weights)}.incomplete`), weights.subarray(0, 70_000));
    await serve({ ignoresRanges: true });
    await download();
    expect(await readFile(join(blobs(), sha256(weights)))).toEqual(weights);
    await rm(join(cacheDir, "models--owner--name"), { recursive: true });
    await mkdir(blobs(), { recursive: true });
    await writeFile(join(blobs(), `${sha256(weights)}.incomplete`), Buffer.alloc(200_000));
    await download();
    expect(await readFile(join(blobs(), sha256(weights)))).toEqual(weights);
  });

  test("bytes with another hash are thrown away, large and small", async () => {
    for (const [path, name] of [
      ["model.safetensors", "sha256"],
      ["config.json", "git-sha1"],
    ] as const) {
      await serve({ wrongBytes: { [path]: Buffer.alloc(files[path].length, 1) } });
      await expect(download({ files: [path] })).rejects.toThrow(new RegExp(`${path}: the bytes that came do not have the ${name} `));
      expect(await readdir(blobs())).toEqual([]);
      expect(existsSync(join(cacheDir, "models--owner--name/snapshots"))).toBe(false);
    }
  });

  test("429 and 503 are tried again; in the end the message says what to do", async () => {
    await serve({ trouble: [429, 503] });
    await download();
    await serve({ trouble: [503, 503, 503] });
    await expect(download({ retries: 2 })).rejects.toThrow(/owner\/name@main: the server answered 503.*HF_HUB_OFFLINE=1/);
    await server!.close();
    await expect(download({ retries: 1 })).rejects.toThrow(/no connection to 127\.0\.0\.1:\d+ \(.*ECONNREFUSED/);
  });

  test("a signal ends it", async () => {
    const controller = new AbortController();
    await serve({ cutAfter: 1_000 });
    const onProgress = () => controller.abort();
    await expect(download({ signal: controller.signal, onProgress })).rejects.toThrow(/abort/i);
  });
});

describe("who may read", () => {
  test("the token goes to the hub and not where it redirects to", async () => {
    const { seen } = await serve({ token: "secret" });
    await download({ token: "secret" });
    expect(seen.filter(({ server: name }) => name === "hub").every(({ authorization }) => authorization === "Bearer secret")).toBe(true);
    expect(seen.filter(({ server: name }) => name === "files").map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test("messages say what is wrong", async () => {
    await serve({ token: "secret" });
    await expect(download()).rejects.toThrow(
      "status 401: private, gated or absent. To mend it: check the name, and that the token may read it",
    );
    await serve();
    await expect(download({ repo: "owner/other" })).rejects.toThrow("no such repository (status 404)");
    await expect(download({ revision: "v9" })).rejects.toThrow("owner/name@v9: expected a model that can be read, found no such revision");
    expect(server!.seen).toHaveLength(2);
  });

  test("endpoint, token, cache and offline mode come from the environment", async () => {
    await serve({ token: "from-env" });
    vi.stubEnv("HF_ENDPOINT", `${server!.endpoint}/`);
    vi.stubEnv("HF_TOKEN", "from-env");
    vi.stubEnv("HF_HOME", cacheDir);
    vi.stubEnv("HF_HUB_CACHE", "");
    expect((await downloadFromHub({ repo: "owner/name" })).folder).toBe(join(cacheDir, "hub/models--owner--name/snapshots", COMMIT));
    vi.stubEnv("HF_HUB_OFFLINE", "yes");
    await server!.close();
    expect((await downloadFromHub({ repo: "owner/name" })).files).toHaveLength(3);
  });
});

test("ModelScope's lists and files are read too", async () => {
  await serve({ large: [] });
  const { folder, commit } = await download({ hub: "modelscope" });
  expect(commit).toMatch(/^[0-9a-f]{40}$/);
  expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
  expect(await readFile(join(folder, "sub/notes.txt"), "utf8")).toBe("notes");
  expect(server!.seen.map(({ url }) => url).slice(0, 2)).toEqual([
    "/api/v1/models/owner/name/repo/files?Revision=master&Recursive=true",
    "/api/v1/models/owner/name/repo?Revision=master&FilePath=config.json",
  ]);
  expect((await download({ hub: "modelscope", offline: true })).commit).toBe(commit);
});
