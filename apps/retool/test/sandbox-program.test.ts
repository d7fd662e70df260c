import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { sandboxFusionClient } from "@retool-ts/sandbox";
import { afterEach, describe, expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";

const isWindows = process.platform === "win32";
const built = useBuiltCommandLine();
const TOKEN = "a-token-of-this-test";
const ENDLESS = "for (;;);";
const children: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [built.program("cli"), ...args], { env: { ...process.env, RETOOL_SANDBOX_TOKEN: TOKEN } });
  children.push(child);
  const seen = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (seen.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (seen.stderr += chunk.toString()));
  const exit = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  return { child, seen, exit };
}

async function serve(...args: readonly string[]) {
  const program = start("sandbox", "serve", "--port", "0", "--fuel", "1000000000", ...args);
  while (!program.seen.stdout.includes("\n")) {
    if (program.child.exitCode !== null) throw new Error(program.seen.stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { ...program, url: program.seen.stdout.trim() };
}

async function post(url: string, code: string, token = TOKEN): Promise<number> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/run_code`, { method: "POST", headers, body: JSON.stringify({ code, language: "nodejs" }) });
  await response.text();
  return response.status;
}

describe("retool sandbox serve, as a process", () => {
  test.skipIf(isWindows)(
    "SIGTERM (skipped on Windows, which has none) lets what runs and waits come to its end; others are refused; then it leaves with 0",
    async () => {
      const limits = ["--wall-ms", "4000", "--max-concurrency", "1", "--queue-limit", "1", "--max-body-bytes", "2000"];
      const { child, exit, url } = await serve(...limits);
      expect(await post(url, "1 + 1")).toBe(200);
      expect(await post(url, "1 + 1", "another")).toBe(401);
      expect(await post(url, `'${"x".repeat(3_000)}'`)).toBe(413);
      const answers: number[] = [];
      const busy = Array.from({ length: 4 }, () => post(url, ENDLESS).then((status) => answers.push(status)));
      while (answers.length < 2) await new Promise((resolve) => setTimeout(resolve, 20)); // those that are refused; the others are in
      child.kill("SIGTERM");
      await Promise.all(busy);
      expect(answers).toEqual([429, 429, 200, 200]);
      expect(await exit).toEqual([0, null]);
      await expect(fetch(`${url}/health`)).rejects.toThrow();
    },
  );

  test("a server that is killed leaves its client with infra", async () => {
    const { child, exit, url } = await serve("--wall-ms", "60000");
    const client = sandboxFusionClient({ url, token: TOKEN, retryDelayMs: 1 });
    expect(await client.run("6 * 7")).toMatchObject({ status: "ok", value: "42" });
    const run = client.run(ENDLESS);
    setTimeout(() => child.kill("SIGKILL"), 300);
    expect(await run).toMatchObject({ status: "infra" });
    expect((await exit)[1]).toBe("SIGKILL");
  });
});

describe("retool exec, as a process", () => {
  test.skipIf(isWindows)("SIGINT (skipped on Windows, which has none) ends the run and shows what it printed", async () => {
    // A program that is still on its way into memory ends without a word; a busy machine gives it more time.
    for (const delayMs of [2_500, 10_000, 60_000]) {
      const { child, seen, exit } = start("exec", "--fuel", "1000000000", "--wall-ms", "600000");
      child.stdin.end(`print('began'); ${ENDLESS}`);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      child.kill("SIGINT");
      const [code] = await exit;
      expect(code).not.toBe(0);
      expect(seen.stderr).not.toMatch(/\n\s+at /);
      if (seen.stdout === "" && delayMs < 60_000) continue;
      expect(seen.stdout).toContain("[stopped]");
      break;
    }
  });

  test("libraries on request, and a name that is none", async () => {
    const known = start("exec", "--preload", "fraction,decimal");
    known.child.stdin.end("print(new Fraction(1, 3).add(1, 6)); new Decimal('0.1').plus('0.2')");
    const unknown = start("exec", "--preload", "lodash");
    unknown.child.stdin.end("1");
    expect([await known.exit, known.seen.stdout]).toEqual([[0, null], "1/2\n0.3\n"]);
    expect((await unknown.exit)[0]).not.toBe(0);
    expect(unknown.seen.stderr).toContain("fraction, decimal, nerdamer");
    expect(unknown.seen.stderr).not.toMatch(/\n\s+at /);
  });
});
