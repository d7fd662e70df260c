import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createSandbox, type ExecutionResult } from "../../src/index.js";
import { bundleWorker } from "../../src/bundle-worker.js";
import { BACKENDS, python } from "./backends.js";

/** Interpreters' processes that a process started, this one by default, by their ids. */
function children(of = process.pid): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        return new RegExp(`^PPid:\\s+${of}$`, "m").test(readFileSync(`/proc/${id}/status`, "utf8")) && isInterpreter(id);
      } catch {
        return false; // it has ended
      }
    })
    .map(Number);
}

const isInterpreter = (id: string): boolean => /pyodide-child\.js|bwrap/.test(readFileSync(`/proc/${id}/cmdline`, "utf8"));

const killAll = (): void => {
  for (const id of children()) process.kill(id, "SIGKILL");
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const SLOW = "n = 0\nfor i in range(3_000_000): n += 1\nn";

describe.runIf(process.platform === "linux").each(BACKENDS)("%s (skipped where there is no /proc)", (backend) => {
  const limits = { fuel: 1e6, wallMs: 60_000 };

  test("a process killed by SIGKILL is infra, tried once more, never a verdict on the code", async () => {
    await using sandbox = await createSandbox({ ...python(backend), limits });
    const session = await sandbox.open();
    await session.run("kept = 7");
    const before = children();
    expect(before.length).toBeGreaterThan(0);
    const slow = sandbox.run(SLOW);
    await pause(150);
    killAll();
    expect(await slow).toMatchObject({ status: "ok", value: "3000000" });
    expect((await session.run("kept")).feedback).toBe("7");

    let lost: ExecutionResult | undefined;
    const endless = sandbox.run("while True: pass").then((result) => (lost = result));
    while (lost === undefined) {
      killAll();
      await pause(30);
    }
    expect(await endless).toMatchObject({ status: "infra", feedback: "[the interpreter failed]" });
    expect((await sandbox.run("6 * 7")).feedback).toBe("42");
    expect((await session.run("kept + 1")).feedback).toBe("8");
    expect(sandbox.stats().finished).toMatchObject({ infra: 1, killed: 0 });
  }, 180_000);

  test("a caller that blocks its own thread does not delay the deadline", async () => {
    await using sandbox = await createSandbox({ ...python(backend), limits: { ...limits, wallMs: 400, graceMs: 100 } });
    await sandbox.run("1");
    const pending = sandbox.run("print('began', flush=True); sum(range(10 ** 12))", { rerun: false });
    await pause(5);
    const until = performance.now() + 4_000;
    while (performance.now() < until);
    const result = await pending;
    expect(result).toMatchObject({ status: "timeout", stdout: "began\n" });
    expect(result.usage.wallMs).toBeLessThan(3_500);
  }, 180_000);

  test("aborting and closing end a run", async () => {
    const sandbox = await createSandbox({ ...python(backend), limits });
    const abort = new AbortController();
    const run = sandbox.run("while True: pass", { signal: abort.signal });
    setTimeout(() => abort.abort(), 200);
    expect(await run).toMatchObject({ status: "killed", feedback: "[stopped]" });
    const other = sandbox.run("while True: pass");
    await pause(50);
    await sandbox.close();
    expect((await other).status).toBe("infra");
    await expect(sandbox.run("1")).rejects.toMatchObject({ code: "SANDBOX_CLOSED" });
    await pause(500);
    expect(children()).toEqual([]);
  }, 180_000);

  test("a process does not outlive the program that started it, though its code never ends", async () => {
    const program = `import { createSandbox } from ${JSON.stringify(new URL("index.js", bundleWorker()).href)};
      const sandbox = await createSandbox(${JSON.stringify({ ...python(backend), limits: { fuel: 1e9, wallMs: 3_600_000 } })});
      void sandbox.run("print('began')\\nwhile True:\\n  pass");
      setInterval(() => sandbox.stats().running > 0 && console.log("runs"), 20);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await pause(300);
    const started = children(child.pid);
    expect(started.length).toBeGreaterThan(0);
    child.kill("SIGKILL");
    await once(child, "exit");
    while (started.some((id) => existsSync(`/proc/${id}`))) await pause(50);
  }, 120_000);

  test("a program that closes its sandbox goes on to its end", () => {
    const program = `import { createSandbox } from ${JSON.stringify(new URL("index.js", bundleWorker()).href)};
      const sandbox = await createSandbox(${JSON.stringify(python(backend))});
      const { feedback } = await sandbox.run("6 * 7");
      await sandbox.close();
      console.log("closed after", feedback);`;
    const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8", timeout: 120_000 });
    expect({ stdout, status }).toEqual({ stdout: "closed after 42\n", status: 0 });
  }, 180_000);
});
