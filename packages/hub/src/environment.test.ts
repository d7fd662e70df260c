import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hubSettings } from "./environment.js";

let home = "";
beforeAll(async () => void (home = await mkdtemp(join(tmpdir(), "retool-home-"))));
afterAll(() => rm(home, { recursive: true }));

test("Hugging Face without any variable", () => {
  const { endpoint, cacheDir, offline } = hubSettings("huggingface", {});
  expect({ endpoint, cacheDir, offline }).toEqual({
    endpoint: "https://huggingface.co",
    cacheDir: join(homedir(), ".cache/huggingface/hub"),
    offline: false,
  });
});

test("the cache is where the nearest variable says; ~ is the user's home", () => {
  const cacheOf = (environment: NodeJS.ProcessEnv) => hubSettings("huggingface", environment).cacheDir;
  const [XDG_CACHE_HOME, HF_HOME, HF_HUB_CACHE] = ["/xdg", "~/models", "~"];
  expect(cacheOf({ XDG_CACHE_HOME })).toBe("/xdg/huggingface/hub");
  expect(cacheOf({ XDG_CACHE_HOME, HF_HOME })).toBe(join(homedir(), "models/hub"));
  expect(cacheOf({ XDG_CACHE_HOME, HF_HOME, HF_HUB_CACHE })).toBe(homedir());
});

test("the token is the variable's, else the one that was kept at login", async () => {
  expect(hubSettings("huggingface", { HF_HOME: home }).token).toBeUndefined();
  await writeFile(join(home, "token"), "kept\n");
  expect(hubSettings("huggingface", { HF_HOME: home }).token).toBe("kept");
  expect(hubSettings("huggingface", { HF_HOME: "/nowhere", HF_TOKEN_PATH: join(home, "token") }).token).toBe("kept");
  expect(hubSettings("huggingface", { HF_HOME: home, HF_TOKEN: "given" }).token).toBe("given");
});

test("ModelScope has variables of its own", () => {
  const environment = { MODELSCOPE_DOMAIN: "scope.example/", MODELSCOPE_API_TOKEN: "t", MODELSCOPE_CACHE: "/m", HF_HUB_OFFLINE: "On" };
  expect(hubSettings("modelscope", environment)).toEqual({
    endpoint: "https://scope.example",
    token: "t",
    cacheDir: "/m/snapshots",
    offline: true,
  });
  expect(hubSettings("modelscope", { MODELSCOPE_DOMAIN: "http://localhost:1" }).endpoint).toBe("http://localhost:1");
  expect(hubSettings("modelscope", { XDG_CACHE_HOME: "/xdg" })).toMatchObject({
    endpoint: "https://www.modelscope.cn",
    token: undefined,
    cacheDir: "/xdg/modelscope/snapshots",
  });
});
