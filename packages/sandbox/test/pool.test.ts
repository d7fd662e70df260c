import { expect, test } from "vitest";
import { createSandbox, type ExecutionResult, type SandboxOptions } from "../src/index.js";

const STUCK = "print('began'); Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)";
/** So much fuel that the clock alone ends a run. */
const SHORT = { fuel: 1e9, wallMs: 400, graceMs: 200 };

function sandboxFor(options?: SandboxOptions) {
  return createSandbox(options);
}

const withoutTime = (results: readonly ExecutionResult[]): unknown =>
  results.map((result) => ({ ...result, usage: { ...result.usage, wallMs: 0 } }));

test.each([
  "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
  "Array.prototype.reverse.call({ length: 2 ** 53 - 1 })",
  "new Array(1e9) + ''",
  "3n ** 600000n + ''",
])("%s never ticks: its worker is killed and the next run is right", async (code) => {
  await using sandbox = await sandboxFor();
  const result = await sandbox.run(`print('began'); ${code}`, { limits: SHORT });
  expect(result.status).toBe("timeout");
  expect(result.stdout).toBe("began\n");
  expect(result.feedback).toBe("began\n[timeout: time limit]");
  expect((await sandbox.run("1+1")).feedback).toBe("2");
});

test("a kill takes only the run that was stuck, which is tried once more", async () => {
  await using sandbox = await sandboxFor({ limits: SHORT });
  const codes = Array.from({ length: 40 }, (_, i) => (i === 5 || i === 20 ? STUCK : `${i}`));
  const results = await sandbox.runBatch(codes);
  expect(results.map(({ feedback }) => feedback)).toEqual(codes.map((code) => (code === STUCK ? "began\n[timeout: time limit]" : code)));
  expect(sandbox.stats()).toMatchObject({ restarts: 4, queued: 0, running: 0, finished: { timeout: 2, ok: 38 } });
});

test("many runs that together outlast one deadline are not killed", async () => {
  await using sandbox = await sandboxFor({ limits: { fuel: 100, wallMs: 800, graceMs: 100 } });
  for (let ranMs = 0; ranMs <= 900;) {
    const results = await sandbox.runBatch(Array.from({ length: 200 }, () => "while (true) {}"));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["fuel"]));
    ranMs = results.reduce((sum, { usage }) => sum + usage.wallMs, 0);
  }
  expect(sandbox.stats().restarts).toBe(0);
});

test("a caller that blocks its own thread does not make a finished run look stuck", async () => {
  await using sandbox = await sandboxFor({ limits: { wallMs: 150, graceMs: 50 } });
  const pending = sandbox.run("40 + 2");
  await new Promise((resolve) => setTimeout(resolve, 5));
  const until = performance.now() + 800;
  while (performance.now() < until);
  expect((await pending).feedback).toBe("42");
});

test("equal code and seed give equal results over one worker and two", async () => {
  const codes = Array.from(
    { length: 120 },
    (_, i) =>
      [
        `let s = 0; for (let i = 0; i < ${1000 * i}; i++) s += i; s`,
        "[Math.random(), Date.now(), new Map([[1, { a: 2 }]])]",
        "console.log('x'.repeat(10)); null.y",
        "while (true) {}",
      ][i % 4]!,
  );
  const options = { seed: 11, limits: { fuel: 40, wallMs: 60_000 } };
  await using one = await sandboxFor({ workers: 1, ...options });
  await using two = await sandboxFor({ workers: 2, ...options });
  const first = withoutTime(await one.runBatch(codes));
  expect(withoutTime(await two.runBatch(codes))).toEqual(first);
  expect(withoutTime(await one.runBatch(codes))).toEqual(first);
});

test("the seed sets the random numbers of a run", async () => {
  await using sandbox = await sandboxFor({ seed: 1 });
  const draw = async (seed?: number): Promise<string> => (await sandbox.run("Math.random()", seed === undefined ? {} : { seed })).feedback;
  expect(await draw()).toBe(await draw(1));
  expect(await draw(2)).not.toBe(await draw(1));
  expect(await draw(2 ** 40)).not.toBe(await draw(0));
  expect(Number(await draw(3))).toBeLessThan(1);
});

test("a large batch of small runs comes back in order", async () => {
  await using sandbox = await sandboxFor({ workers: 2 });
  const results = await sandbox.runBatch(Array.from({ length: 3000 }, (_, i) => `${i} * 2`));
  expect(results.map(({ feedback }) => feedback)).toEqual(Array.from({ length: 3000 }, (_, i) => `${i * 2}`));
});

test("aborting ends a queued run and a running one", async () => {
  await using sandbox = await sandboxFor({ limits: { fuel: 1e9, wallMs: 60_000 } });
  const running = new AbortController();
  const queued = new AbortController();
  const first = sandbox.run("while (true) {}", { signal: running.signal });
  const second = sandbox.run("2", { signal: queued.signal });
  const third = sandbox.run("3");
  await new Promise((resolve) => setTimeout(resolve, 100));
  queued.abort();
  expect(await second).toMatchObject({ status: "killed", feedback: "[stopped]" });
  running.abort();
  expect(await first).toMatchObject({ status: "killed", feedback: "[stopped]" });
  expect((await third).feedback).toBe("3");
  expect(await sandbox.run("4", { signal: AbortSignal.abort() })).toMatchObject({ status: "killed" });
});

test("closing while code runs ends every run as infra, and closes for good", async () => {
  const sandbox = await sandboxFor({ limits: { fuel: 1e9, wallMs: 60_000 } });
  const session = await sandbox.open();
  const runs = [sandbox.run("while (true) {}"), sandbox.run("1"), session.run("2")];
  await new Promise((resolve) => setTimeout(resolve, 50));
  await sandbox.close();
  await sandbox.close();
  for (const run of runs) expect((await run).status).toBe("infra");
  await expect(sandbox.run("1")).rejects.toMatchObject({ code: "SANDBOX_CLOSED" });
  await expect(session.run("1")).rejects.toMatchObject({ code: "SANDBOX_CLOSED" });
});

test("a prelude of one's own is in every world", async () => {
  await using sandbox = await sandboxFor({ prelude: "const tau = 2 * Math.PI; function twice(x) { return 2 * x }" });
  expect((await sandbox.run("twice(tau) > 12 && typeof gcd")).feedback).toBe("'undefined'");
  expect((await sandbox.run("let tau = 1; tau")).feedback).toBe("1");
});

test("a prelude that fails is the caller's mistake", async () => {
  await expect(sandboxFor({ prelude: "nonsense(" })).rejects.toMatchObject({ code: "SANDBOX_START" });
  await expect(sandboxFor({ prelude: "missing()" })).rejects.toMatchObject({ code: "SANDBOX_START" });
});

test("options out of range are refused by name", async () => {
  await expect(sandboxFor({ workers: 0 })).rejects.toThrow("workers");
  await using sandbox = await sandboxFor();
  await expect(sandbox.run(undefined as never)).rejects.toThrow("code");
  await expect(sandbox.run("1", { limits: { wallMs: 0 } })).rejects.toThrow("limits.wallMs");
  await expect(sandboxFor({ seed: 0.5 })).rejects.toThrow("seed");
  await expect(sandboxFor({ limits: { fuel: -1 } })).rejects.toThrow("limits.fuel");
});
