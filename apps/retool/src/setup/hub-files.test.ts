import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { COMMIT, hubServer, type HubServer } from "../../../../packages/hub/test/hub-server.js";
import { resolveCheckpoint } from "./checkpoint-source.js";
import { localDataset, localModel, localModelConfig } from "./hub-files.js";
import { heldOutProblems } from "./held-out-problems.js";

const files = Object.fromEntries(
  Object.entries({
    "config.json": "{}",
    "tokenizer.json": '{"a":1}',
    "model-00001-of-00002.safetensors": "1",
    "model-00002-of-00002.safetensors": "2",
    "model.safetensors.index.json": '{"b":1}',
    "pytorch_model.bin": "old",
    "model-q4_0.gguf": "gguf",
    "README.md": "#",
    "data/test.jsonl": '{"question":"1+1?","answer":"2"}\n',
    "data/train.jsonl": '{"question":"1+2?","answer":"3"}\n',
  }).map(([name, text]) => [name, Buffer.from(text)]),
);

let folder: string;
let server: HubServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-hub-files-"));
  server = await hubServer({ files });
  vi.stubEnv("HF_ENDPOINT", server.endpoint);
  vi.stubEnv("HF_HUB_CACHE", folder);
  vi.stubEnv("HF_TOKEN", "none");
  vi.stubEnv("HF_HUB_OFFLINE", "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await rm(folder, { recursive: true });
});

const fetched = () => server.seen.map(({ url }) => basename(url)).filter((name) => !name.includes("blobs"));

test.each(["hub:owner/name", "owner/name", "hub:owner/name@main"])("%s is a folder with what loading takes, and no more", async (name) => {
  expect(basename(await resolveCheckpoint(name))).toBe(COMMIT);
  expect(fetched().toSorted()).toEqual([
    "config.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
  ]);
});

test("a file of a repository is that file", async () => {
  expect(await readFile(await localModel("hub:owner/name/model-q4_0.gguf"), "utf8")).toBe("gguf");
  expect(fetched()).toEqual(["model-q4_0.gguf"]);
});

test("a model's size and prompts take all but its weights", async () => {
  await localModelConfig("hub:owner/name");
  expect(fetched()).toEqual(["config.json", "tokenizer.json", "model.safetensors.index.json"]);
});

test.each(["absent", "runs/absent", "./owner/name", "/owner/name", "a/b/c", "owner/x.gguf"])(
  "%s is a path, and no hub is asked",
  async (name) => {
    expect(await localModel(name)).toBe(name);
    expect(server.seen).toEqual([]);
  },
);

test("a folder of this machine goes before a hub", async () => {
  // A folder that is there whether the tests run from this package or from the root.
  expect(await localModel("node_modules/.bin")).toBe("node_modules/.bin");
  expect(await localModel("node_modules/absent")).toBe("node_modules/absent");
  expect(server.seen).toEqual([]);
});

test("problems come from a dataset's file or folder", async () => {
  const path = "hub:owner/name/data";
  const test = { kind: "file", path, columns: null, limit: null, filter: null } as const;
  expect(await heldOutProblems({ seed: 1, plugins: [], data: { train: test, test } }, 9)).toMatchObject([{ answer: "2" }, { answer: "3" }]);
  expect(await readFile(await localDataset("hub:owner/name/data/test.jsonl"), "utf8")).toContain("1+1?");
  expect(server.seen[0]!.url).toContain("/api/datasets/owner/name/");
});

test("a repository without a model says how to name a file of it", async () => {
  await server.close();
  server = await hubServer({ files: { "x.json": Buffer.from("{}") } });
  vi.stubEnv("HF_ENDPOINT", server.endpoint);
  await expect(resolveCheckpoint("hub:owner/name")).rejects.toThrow("expected a repository with config.json, found one without");
});
