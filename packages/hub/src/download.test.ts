import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import type * as fsPromises from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { FILES, WEIGHTS, useHubCache } from "../test/hub-cache.js";
import { COMMIT, gitSha1, sha256 } from "../test/hub-server.js";
import { downloadFromHub, type DownloadOptions } from "./download.js";

const { state, serve, download, blobs } = useHubCache();

/** A download by a module whose `symlink` is another. */
async function withSymlink(other: typeof symlink): Promise<(options?: Partial<DownloadOptions>) => Promise<unknown>> {
  vi.doMock("node:fs/promises", async (original) => ({ ...(await original<typeof fsPromises>()), symlink: other }));
  vi.resetModules();
  const again = await import("./download.js");
  vi.doUnmock("node:fs/promises");
  vi.resetModules();
  const { endpoint } = state.server!;
  return (options = {}) => again.downloadFromHub({ repo: "owner/name", endpoint, cacheDir: state.cacheDir, offline: false, ...options });
}

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
    expect(await readdir(join(state.cacheDir, "models--owner--name/refs"))).toEqual(["main"]);
  });

  test("is asked first for the files of a commit, and the hub where one is missing", async () => {
    const { seen } = await serve();
    await download({ files: ["config.json"] });
    const before = seen.length;
    await download({ revision: COMMIT, files: ["config.json", "sub/notes.txt"] });
    expect(seen.slice(before).map(({ url }) => url)).toEqual([
      `/api/models/owner/name/revision/${COMMIT}?blobs=true`,
      `/owner/name/resolve/${COMMIT}/sub/notes.txt`,
    ]);
    expect(await readdir(join(state.cacheDir, "models--owner--name/refs"))).toEqual(["main"]);
  });

  test("mends a link to bytes that are gone, and leaves one that another process has just made", async () => {
    await serve();
    const folder = join(state.cacheDir, "models--owner--name/snapshots", COMMIT);
    await mkdir(folder, { recursive: true });
    await symlink("../../blobs/gone", join(folder, "config.json"));
    await download({ files: ["config.json"] });
    expect(await readFile(join(folder, "config.json"))).toEqual(FILES["config.json"]);
    await rm(join(folder, "config.json"));
    const again = await withSymlink(async (target, path) => {
      await symlink(target, path);
      throw Object.assign(new Error("quicker"), { code: "EEXIST" });
    });
    await again({ files: ["config.json"] });
    expect((await lstat(join(folder, "config.json"))).isSymbolicLink()).toBe(true);
  });

  test("is not left for another folder by a damaged ref", async () => {
    await serve();
    await download();
    await writeFile(join(state.cacheDir, "models--owner--name/refs/main"), "../..");
    await expect(download({ offline: true })).rejects.toThrow(/expected hashes of 40 or 64 hexadecimal digits, found "\.\.\/\.\."/);
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
    const again = await withSymlink(() => Promise.reject(Object.assign(new Error("no links here"), { code: "EPERM" })));
    await again();
    expect((await lstat(join(folder, "config.json"))).isSymbolicLink()).toBe(false);
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(WEIGHTS);
  });
});

describe("which files", () => {
  test("names and patterns choose; a star crosses folders", async () => {
    await serve();
    expect((await download({ patterns: ["*.txt", "conf?g.json"] })).files).toEqual(["config.json", "sub/notes.txt"]);
    const totals = new Set<number | undefined>();
    const onProgress: DownloadOptions["onProgress"] = ({ total }) => totals.add(total);
    expect((await download({ files: ["model.safetensors"], onProgress })).files).toEqual(["model.safetensors"]);
    expect([...totals]).toEqual([WEIGHTS.length]);
    await expect(download({ files: ["absent.bin"] })).rejects.toThrow("owner/name@main: expected absent.bin, found no such file");
    await expect(download({ patterns: ["*.gguf"] })).rejects.toThrow("expected a file that fits *.gguf, found none");
  });

  test("datasets and other revisions have places of their own", async () => {
    const { seen, endpoint } = await serve();
    const { folder } = await download({ type: "dataset", revision: "refs/pr/1", endpoint: `${endpoint}//` });
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

describe("a hub that is hostile or none", () => {
  test.each([{ commit: "../../../evil" }, { extraNames: ["x"], extraDigest: "../../evil" }])("%j is refused", async (contents) => {
    await serve(contents);
    await expect(download()).rejects.toThrow("expected hashes of 40 or 64 hexadecimal digits");
    expect(await readdir(state.cacheDir)).toEqual([]);
  });

  test.each([{ extraNames: ["../evil"] }, { extraNames: ["x"], extraDigest: "../../evil" }])("%j is on ModelScope", async (contents) => {
    await serve(contents);
    await expect(download({ hub: "modelscope" })).rejects.toThrow(/expected (names that stay inside|hashes of 40 or 64)/);
    expect(await readdir(state.cacheDir)).toEqual([]);
  });

  test("a revision that leaves the cache is refused", async () => {
    await serve();
    await expect(download({ revision: "../../evil" })).rejects.toThrow(/found "\.\.\/\.\.\/evil"\. To mend it: write the branch/);
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
  await download({ hub: "modelscope", type: "dataset", files: ["sub/notes.txt"] });
  expect(state.server!.seen.at(-2)!.url).toBe("/api/v1/datasets/owner/name/repo/tree?Revision=master&Recursive=true");
});
