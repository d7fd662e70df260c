import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import type * as fsPromises from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { FILES, WEIGHTS, useHubCache } from "../test/hub-cache.js";
import { COMMIT, gitSha1, sha256 } from "../test/hub-server.js";
import { downloadFromHub } from "./download.js";

const { state, serve, download, blobs } = useHubCache();

describe("the cache", () => {
  test("is laid out as Python's: blobs by hash, links in the snapshot, the commit in refs", async () => {
    await serve();
    const { folder, commit, files: names } = await download();
    expect([folder, commit]).toEqual([join(state.cacheDir, "models--owner--name/snapshots", COMMIT), COMMIT]);
    expect(names).toEqual(Object.keys(FILES));
    expect((await readdir(blobs())).sort()).toEqual(
      [gitSha1(FILES["config.json"]), gitSha1(FILES["sub/notes.txt"]), sha256(WEIGHTS)].sort(),
    );
    expect(await readlink(join(folder, "model.safetensors"))).toBe(join("../../blobs", sha256(WEIGHTS)));
    expect(await readlink(join(folder, "sub/notes.txt"))).toBe(join("../../../blobs", gitSha1(FILES["sub/notes.txt"])));
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(WEIGHTS);
    expect(await readFile(join(state.cacheDir, "models--owner--name/refs/main"), "utf8")).toBe(COMMIT);
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
    const folder = join(state.cacheDir, "models--owner--name/snapshots", COMMIT);
    vi.doMock("node:fs/promises", async (original) => ({
      ...(await original<typeof fsPromises>()),
      symlink: () => Promise.reject(Object.assign(new Error("no links here"), { code: "EPERM" })),
    }));
    vi.resetModules();
    const again = await import("./download.js");
    await again.downloadFromHub({ repo: "owner/name", endpoint: state.server!.endpoint, cacheDir: state.cacheDir, offline: false });
    vi.doUnmock("node:fs/promises");
    vi.resetModules();
    expect((await lstat(join(folder, "config.json"))).isSymbolicLink()).toBe(false);
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(WEIGHTS);
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
    expect(folder).toBe(join(state.cacheDir, "datasets--owner--name/snapshots", COMMIT));
    expect(await readFile(join(state.cacheDir, "datasets--owner--name/refs/refs/pr/1"), "utf8")).toBe(COMMIT);
    expect(seen[1]!.url).toBe(`/datasets/owner/name/resolve/${COMMIT}/config.json`);
  });

  test.each(["../../evil", "/etc/passwd", "a/../../b", "C:\\x", "a\\..\\b", "a//b", "./a", "a\u0000b", "con:stream"])(
    "a repository that lists %j is refused before anything is written",
    async (name) => {
      await serve({ extraNames: [name] });
      await expect(download()).rejects.toThrow("expected names that stay inside the repository");
      expect(await readdir(state.cacheDir)).toEqual([]);
    },
  );

  test.each(["../x", "owner/../name", "owner/name/more", "a--b/c", ""])("%j is no repository", async (repo) => {
    await serve();
    await expect(download({ repo })).rejects.toThrow("expected owner/name");
    expect(state.server!.seen).toEqual([]);
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
    expect(state.server!.seen).toHaveLength(2);
  });

  test("endpoint, token, cache and offline mode come from the environment", async () => {
    await serve({ token: "from-env" });
    vi.stubEnv("HF_ENDPOINT", `${state.server!.endpoint}/`);
    vi.stubEnv("HF_TOKEN", "from-env");
    vi.stubEnv("HF_HOME", state.cacheDir);
    vi.stubEnv("HF_HUB_CACHE", "");
    expect((await downloadFromHub({ repo: "owner/name" })).folder).toBe(join(state.cacheDir, "hub/models--owner--name/snapshots", COMMIT));
    vi.stubEnv("HF_HUB_OFFLINE", "yes");
    await state.server!.close();
    expect((await downloadFromHub({ repo: "owner/name" })).files).toHaveLength(3);
  });
});

test("ModelScope's lists and files are read too", async () => {
  await serve({ large: [] });
  const { folder, commit } = await download({ hub: "modelscope" });
  expect(commit).toMatch(/^[0-9a-f]{40}$/);
  expect(await readFile(join(folder, "model.safetensors"))).toEqual(WEIGHTS);
  expect(await readFile(join(folder, "sub/notes.txt"), "utf8")).toBe("notes");
  expect(state.server!.seen.map(({ url }) => url).slice(0, 2)).toEqual([
    "/api/v1/models/owner/name/repo/files?Revision=master&Recursive=true",
    "/api/v1/models/owner/name/repo?Revision=master&FilePath=config.json",
  ]);
  expect((await download({ hub: "modelscope", offline: true })).commit).toBe(commit);
});
