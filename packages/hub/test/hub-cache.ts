import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { downloadFromHub, type DownloadOptions } from "../src/download.js";
import { hubServer, type HubContents, type HubServer } from "./hub-server.js";

export const WEIGHTS = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31) % 251));

/** Files that the server has of `owner/name`. */
export const FILES = {
  "config.json": Buffer.from('{"model_type":"llama"}'),
  "model.safetensors": WEIGHTS,
  "sub/notes.txt": Buffer.from("notes"),
};

/** A cache and a server, of each test's own. */
export function useHubCache() {
  const state: { cacheDir: string; server?: HubServer } = { cacheDir: "" };
  beforeEach(async () => {
    state.cacheDir = await mkdtemp(join(tmpdir(), "retool-hub-"));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await state.server?.close();
    delete state.server;
    await rm(state.cacheDir, { recursive: true });
  });
  return {
    state,
    async serve(contents: Partial<HubContents> = {}): Promise<HubServer> {
      await state.server?.close();
      state.server = await hubServer({ files: FILES, large: ["model.safetensors"], ...contents });
      return state.server;
    },
    download: (options: Partial<DownloadOptions> = {}) => {
      const { endpoint } = state.server!;
      return downloadFromHub({
        repo: "owner/name",
        endpoint,
        token: "t",
        cacheDir: state.cacheDir,
        offline: false,
        retryDelayMs: 1,
        ...options,
      });
    },
    blobs: () => join(state.cacheDir, "models--owner--name/blobs"),
  };
}
