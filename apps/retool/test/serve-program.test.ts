import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";

const built = useBuiltCommandLine();
const TOKEN = "a-token-of-this-test";
const children: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [built.program("cli"), ...args], { env: { ...process.env, RETOOL_SERVE_TOKEN: TOKEN } });
  children.push(child);
  const seen = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (seen.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (seen.stderr += chunk.toString()));
  return { child, seen, exit: once(child, "close") as Promise<[number | null, NodeJS.Signals | null]> };
}

let run: string;
beforeAll(async () => {
  run = join(built.scratch, "sft");
  const { exit, seen } = start("sft", "--preset", "smoke", "-o", run, "-s", "eval.problems=2", "-s", "backend=wasm");
  expect(await exit, seen.stderr).toEqual([0, null]);
});

test.skipIf(process.platform === "win32")("retool serve answers chats until SIGTERM (skipped on Windows, which has none)", async () => {
  const { child, seen, exit } = start("serve", run, "--port", "0", "--name", "mine", "--max-sequences", "4");
  while (!seen.stdout.includes("\n")) {
    if (child.exitCode !== null) throw new Error(seen.stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const url = seen.stdout.trim();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  const ask = async (token: string) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const body = JSON.stringify({ messages: [{ role: "user", content: "What is 6 * 7?" }], max_tokens: 5, seed: 1 });
    const response = await fetch(`${url}/chat/completions`, { method: "POST", headers, body });
    return { status: response.status, body: (await response.json()) as { readonly model?: string; readonly usage?: object } };
  };
  expect((await ask("another")).status).toBe(401);
  expect((await ask(TOKEN)).body).toMatchObject({ model: "mine", usage: { completion_tokens: 5 } });
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(seen.stderr).toContain("4 sequences of up to 2048 tokens");
  expect(seen.stderr).toMatch(/\nServed 1 request in .*: \d+ tokens read, 5 written, 0 % of prompts from the cache\.\n$/);
  expect(seen.stderr).not.toContain("at work");
});

test.skipIf(process.platform === "win32")("Ctrl-C in the middle of a stream ends it in good order (skipped on Windows)", async () => {
  const { child, seen, exit } = start("serve", run, "--port", "0");
  while (!seen.stdout.includes("\n")) {
    if (child.exitCode !== null) throw new Error(seen.stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const headers = { "content-type": "application/json", authorization: `Bearer ${TOKEN}` };
  const body = JSON.stringify({ prompt: "1 + 1", max_tokens: 1_000, n: 8, temperature: 1, seed: 1, stream: true });
  const response = await fetch(`${seen.stdout.trim()}/completions`, { method: "POST", headers, body });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? "";
  child.kill("SIGINT");
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  const last = text.trim().split("\n\n").at(-1)!;
  // it ends in the ten seconds that it has, or is told that they are over
  if (last !== "data: [DONE]") expect(last).toContain('"code":"server_shutdown"');
  expect(await exit).toEqual([130, null]);
  expect(seen.stderr).toContain("Stopping; press Ctrl-C again to quit at once.");
});

test("retool train --agent trains the agent of a file; one that is missing is told before anything is written", async () => {
  const file = join(built.scratch, "agent.mjs");
  await writeFile(
    file,
    `export default async ({ baseURL, apiKey, problem }) => {
      const headers = { "content-type": "application/json", authorization: "Bearer " + apiKey };
      const body = JSON.stringify({ messages: [{ role: "user", content: problem.question }], max_tokens: 4 });
      const { choices } = await (await fetch(baseURL + "/chat/completions", { method: "POST", headers, body })).json();
      return { score: choices[0].message.content.length % 2, correct: true };
    };`,
  );
  const out = join(built.scratch, "trained");
  const { exit, seen } = start("train", run, "--agent", file, "-o", out, "-s", "train.steps=1", "--json");
  expect(await exit, seen.stderr).toEqual([0, null]);
  expect(JSON.parse(seen.stdout)).toMatchObject({ phases: { final: { accuracy: 1, n: 2 } } });
  const missing = start("train", run, "--agent", "absent.mjs", "-o", join(built.scratch, "no"));
  expect(await missing.exit).toEqual([2, null]);
  expect(missing.seen.stderr).toContain("expected a module, found no such file");
  expect(existsSync(join(built.scratch, "no"))).toBe(false);
});

test("retool train --agent --dry-run imports the agent, says what is wrong with it, and writes nothing", async () => {
  const other = join(built.scratch, "other.mjs");
  await writeFile(other, "setInterval(() => {}, 1_000);\nexport const other = 1;");
  const out = join(built.scratch, "dry");
  const dry = async (...more: readonly string[]) => {
    const { exit, seen } = start("train", run, "-o", out, "--dry-run", ...more);
    return { code: (await exit)[0], ...seen };
  };
  const wrong = await dry("--agent", other, "-s", "tools=[look]");
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain("2 mistakes");
  expect(wrong.stderr).toMatch(/other\.mjs: expected a function as default export, found other \(number\)/);
  expect((await dry("--agent", "absent.mjs")).stderr).toContain("absent.mjs: expected a module, found no such file");
  await writeFile(other, "setInterval(() => {}, 1_000);\nexport default () => 1;");
  expect(await dry("--agent", other)).toMatchObject({ code: 0 });
  expect(existsSync(out)).toBe(false);
});

test("what an agent leaves running and nobody waits for does not end the run when it fails", async () => {
  const file = join(built.scratch, "careless.mjs");
  await writeFile(
    file,
    `import { connect } from "node:net";
    export default async ({ baseURL, apiKey, problem }) => {
      const headers = { "content-type": "application/json", authorization: "Bearer " + apiKey };
      const body = JSON.stringify({ messages: [{ role: "user", content: problem.question }], max_tokens: 4 });
      const ask = () => fetch(baseURL + "/chat/completions", { method: "POST", headers, body });
      await ask();
      void ask().then(() => { throw new Error("left behind"); });
      setTimeout(() => { throw new Error("a late thought"); });
      connect(1, "127.0.0.1");
      return 1;
    };`,
  );
  const { exit, seen } = start("train", run, "--agent", file, "-o", join(built.scratch, "careless"), "-s", "train.steps=1");
  expect(await exit, seen.stderr).toEqual([0, null]);
  expect(seen.stderr.match(/the agent left something running that failed, and nobody waits for: a late thought/g)).toHaveLength(1);
});
