import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { completion, type ChatAnswer } from "../../test/chat-server.js";
import { good, useBuildFolder } from "./build-folder.test-support.js";

const { build, out, report, rewrite, state } = useBuildFolder();

describe("an unreliable endpoint", () => {
  test.each<[name: string, trouble: ChatAnswer]>([
    ["429", { status: 429, body: "", headers: { "retry-after": "0" } }],
    ["503", { status: 503, body: "busy" }],
    ["a cut connection", "cut"],
    ["no reply in time", "silence"],
    ["a reply that is no JSON", { status: 200, body: "<html>" }],
    ["a reply without choices", { status: 200, body: '{"choices":[]}' }],
  ])("%s is tried again", async (_, trouble) => {
    await rewrite(1, (i, index) => (index < 2 ? trouble : good(i)), "--timeout-s", "1");
    expect(await report()).toMatchObject({ kept: 1, requests: 1, retries: 2 });
  });

  test("a row that never gets a reply is left out, and asked for again the next time", async () => {
    let isBroken = true;
    await rewrite(3, (i) => (i === 1 && isBroken ? { status: 500, body: "" } : good(i)), "--retries", "1");
    expect(await report()).toMatchObject({ kept: 2, rejected: { endpoint: 1 } });
    isBroken = false;
    await build(join(state.folder, "traces.jsonl"), "--endpoint", state.server!.url, "--model", "m");
    expect(await report()).toMatchObject({ kept: 3, cached: 2, requests: 1 });
  });

  test.each([1, 3])("a row may take %i replies, and no more", async (attempts) => {
    await rewrite(1, () => completion("no use"), "--attempts", String(attempts));
    expect(await report()).toMatchObject({ kept: 0, requests: attempts, rejected: { format: 1 } });
  });

  test("many rows without a reply end the run; nothing is written", async () => {
    await expect(rewrite(20, () => ({ status: 500, body: "" }), "--retries", "0")).rejects.toThrow(
      /5 requests in a row failed.*status 500/,
    );
    expect(await readdir(state.folder)).not.toContain("sft.jsonl");
  });

  test.each([401, 403, 404])("status %i is the user's mistake, and is not tried again", async (status) => {
    await expect(rewrite(8, () => ({ status, body: "no" }), "--concurrency", "1")).rejects.toThrow(`found status ${status}: no`);
    expect(state.server!.seen).toHaveLength(1);
  });

  test("requests are spread over time", async () => {
    const times: number[] = [];
    await rewrite(4, (i) => (times.push(performance.now()), good(i)), "--requests-per-minute", "600");
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(250); // three gaps of 100 ms, with room for the first to be late
  });

  test("the key comes from the environment, and is not kept", async () => {
    process.env["BUILD_TEST_KEY"] = "secret-key";
    try {
      await rewrite(1, good, "--api-key-env", "BUILD_TEST_KEY");
    } finally {
      delete process.env["BUILD_TEST_KEY"];
    }
    expect(state.server!.seen[0]).toMatchObject({
      url: "/v1/chat/completions",
      headers: { authorization: "Bearer secret-key" },
      body: { model: "m" },
    });
    for (const file of await readdir(state.folder, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expect(await readFile(join(file.parentPath, file.name), "utf8")).not.toContain("secret-key");
    }
  });
});

describe("interrupted", () => {
  test("a second call asks only for what is missing and writes what one call writes", async () => {
    const answers = (i: number, index: number) => {
      if (index === 3) state.controller.abort();
      return good(i);
    };
    await expect(rewrite(6, answers, "--concurrency", "1")).rejects.toThrow("Go on with the same command");
    expect(await readdir(state.folder)).not.toContain("sft.jsonl");
    state.controller = new AbortController();
    const { url } = state.server!;
    await build(join(state.folder, "traces.jsonl"), "--endpoint", url, "--model", "m");
    expect(await report()).toMatchObject({ kept: 6, cached: 3, requests: 3 });
    const whole = await readFile(out(), "utf8");
    await build(join(state.folder, "traces.jsonl"), "--endpoint", url, "--model", "m");
    expect(await report()).toMatchObject({ kept: 6, cached: 6, requests: 0 });
    expect(await readFile(out(), "utf8")).toBe(whole);
    await build(join(state.folder, "traces.jsonl"), "--endpoint", url, "--model", "another");
    expect(await report()).toMatchObject({ cached: 0, requests: 6 });
  });
});
