import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { InputError } from "@retool-ts/core";
import { hubSettings, type HubSettings } from "./environment.js";
import { fetchFile, type DownloadProgress } from "./fetch-file.js";
import type { HubName, RemoteFile, RepoListing, RepoPlace, RepoType } from "./hub.js";
import { listHuggingFace } from "./hugging-face.js";
import { listModelScope } from "./model-scope.js";
import { checkInside, checkRepo } from "./names.js";
import { matchesAny } from "./patterns.js";
import { exists, RepoCache } from "./repo-cache.js";
import type { Connection } from "./request.js";

/** Options of {@link downloadFromHub}. */
export interface DownloadOptions extends Partial<HubSettings> {
  /** Such as `Qwen/Qwen2.5-0.5B-Instruct`. */
  readonly repo: string;
  /** `model` by default. */
  readonly type?: RepoType;
  /** `huggingface` by default. */
  readonly hub?: HubName;
  /** Branch, tag or commit; `main` by default, on ModelScope `master`. */
  readonly revision?: string;
  /** Files to fetch, by name; each must be there. */
  readonly files?: readonly string[];
  /** Files to fetch, by pattern: `*.safetensors`. All files when neither is given. */
  readonly patterns?: readonly string[];
  /** Further tries after a cut connection, 408, 429 or 5xx without any progress; 5 by default. */
  readonly retries?: number;
  /** Milliseconds before the second try, 1 000 by default; the wait doubles. */
  readonly retryDelayMs?: number;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

/** A repository's files on this machine. */
export interface HubSnapshot {
  /** Folder with the files under their names. */
  readonly folder: string;
  readonly commit: string;
  /** Names of the files that were asked for, in order. */
  readonly files: readonly string[];
}

/**
 * Brings files of a model or dataset into the cache and says where they are. Files that the cache has are not fetched again; a download
 * that broke off goes on where it stopped. Bytes are checked against the hub's SHA-256, or git's hash for small files.
 *
 * The cache is that of Python's `huggingface_hub`; either side finds what the other has fetched. Settings that are not given come from the
 * environment, see {@link hubSettings}.
 *
 * @throws InputError when there is no such repository, revision or file, or it may not be read.
 * @throws RetoolError when the server cannot be reached, or sends other bytes than it promised.
 */
export async function downloadFromHub(options: DownloadOptions): Promise<HubSnapshot> {
  const { hub = "huggingface", repo, type = "model" } = options;
  const { endpoint, token, cacheDir, offline } = { ...hubSettings(hub), ...definedSettings(options) };
  const place: RepoPlace = { repo, type, revision: options.revision ?? (hub === "huggingface" ? "main" : "master") };
  checkRepo(repo);
  checkInside(place.revision, repo, "write the branch, tag or commit as the hub's page shows it");
  const cache = new RepoCache(cacheDir, type, repo);
  const inCache = await cachedCommit(cache, place, options, offline);
  if (inCache !== undefined) return snapshotOf(cache, inCache.commit, inCache.files);
  const { retries = 5, retryDelayMs = 1_000, signal } = options;
  const connection: Connection = { token, retries, retryDelayMs, signal };
  const listing = await list(hub, endpoint, place, connection);
  const paths = selectFiles(
    listing.files.map(({ path }) => path),
    place,
    options,
  );
  const byPath = new Map(listing.files.map((file) => [file.path, file]));
  for (const path of paths) await bring(byPath.get(path)!, cache, listing.commit, place, connection, options.onProgress ?? (() => {}));
  await cache.writeRef(place.revision, listing.commit);
  return snapshotOf(cache, listing.commit, paths);
}

function definedSettings({ endpoint, token, cacheDir, offline }: DownloadOptions): Partial<HubSettings> {
  return {
    ...(endpoint === undefined ? {} : { endpoint: endpoint.replace(/\/+$/, "") }),
    ...(token === undefined ? {} : { token }),
    ...(cacheDir === undefined ? {} : { cacheDir }),
    ...(offline === undefined ? {} : { offline }),
  };
}

function list(hub: HubName, endpoint: string, place: RepoPlace, connection: Connection): Promise<RepoListing> {
  switch (hub) {
    case "huggingface":
      return listHuggingFace(endpoint, place, connection);
    case "modelscope":
      return listModelScope(endpoint, place, connection);
  }
}

interface Cached {
  readonly commit: string;
  readonly files: readonly string[];
}

/** Finds files in the cache without asking the hub: all that is named of a given commit, or offline whatever there is. */
async function cachedCommit(cache: RepoCache, place: RepoPlace, options: DownloadOptions, offline: boolean): Promise<Cached | undefined> {
  const isCommit = /^[0-9a-f]{40}$/.test(place.revision);
  if (!offline && !(isCommit && options.files !== undefined)) return undefined;
  const commit = await cache.commitOf(place.revision);
  if (commit === undefined) {
    if (!offline) return undefined;
    const found = `nothing in ${cache.folder}`;
    throw refuse(place, "a snapshot in the cache, since HF_HUB_OFFLINE is set", found, "download it once without HF_HUB_OFFLINE");
  }
  const present = await cache.files(commit);
  if (!offline && !options.files!.every((file) => present.includes(file))) return undefined;
  return { commit, files: selectFiles(present, place, options) };
}

function selectFiles(paths: readonly string[], place: RepoPlace, { files, patterns }: DownloadOptions): string[] {
  const missing = files?.find((file) => !paths.includes(file));
  if (missing !== undefined) throw refuse(place, missing, "no such file", "check its name on the repository's page");
  if (files === undefined && patterns === undefined) return [...paths];
  const chosen = paths.filter((path) => (files?.includes(path) ?? false) || matchesAny(path, patterns ?? []));
  if (chosen.length > 0) return chosen;
  throw refuse(place, `a file that fits ${(patterns ?? []).join(", ")}`, "none", "check the repository's page for what it holds");
}

async function bring(
  file: RemoteFile,
  cache: RepoCache,
  commit: string,
  place: RepoPlace,
  connection: Connection,
  onProgress: (progress: DownloadProgress) => void,
): Promise<void> {
  if (await cache.has(commit, file.path)) return;
  const blob = cache.blob(file);
  if (!(await exists(blob))) {
    await mkdir(dirname(blob), { recursive: true });
    await fetchFile(file, blob, place, connection, onProgress);
  }
  await cache.link(commit, file);
}

function snapshotOf(cache: RepoCache, commit: string, files: readonly string[]): HubSnapshot {
  return { folder: cache.snapshot(commit), commit, files };
}

function refuse({ repo, revision }: RepoPlace, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "hub", where: `${repo}@${revision}`, expected, found, fix });
}
