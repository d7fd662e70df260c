import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, DEFAULT_LIMITS, type Sandbox } from "../src/index.js";

// Fuel is small so that the verdict comes soon; the wall clock is far off, so that only it can be the verdict.
const limits = { fuel: 150, wallMs: 20_000, graceMs: 500, memoryBytes: 24 * 2 ** 20 };
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ limits });
});
afterAll(() => sandbox.close());

test("memory that was caught running out does not spoil the next run", async () => {
  const result = await sandbox.run("const q = []; try { for (;;) q.push(new Uint8Array(1e6)) } catch { q.length = 0 } 'alive'");
  expect(result.feedback).toBe("'alive'");
  expect((await sandbox.run("typeof q")).feedback).toBe("'undefined'");
});

describe("output", () => {
  test("a flood stops at the limit and says so", async () => {
    const result = await sandbox.run("for (;;) console.log('flood')", { limits: { outputChars: 100 } });
    expect(result).toMatchObject({ status: "output", truncated: true, stdout: "flood\n".repeat(17).slice(0, 100) });
    expect(result.feedback.endsWith("\n[output truncated: limit of 100 characters]")).toBe(true);
  });

  test("one huge line is cut before it leaves the world", async () => {
    const result = await sandbox.run("console.log('x'.repeat(3e6))", { limits: { outputChars: 50 } });
    expect(result).toMatchObject({ status: "output", stdout: "x".repeat(50) });
  });

  test("a long value is cut and the run is still ok", async () => {
    const result = await sandbox.run("range(1, 1000)", { limits: { outputChars: 20 } });
    expect(result).toMatchObject({ status: "ok", value: "[ 1, 2, 3, 4, 5, 6, ", truncated: true });
  });

  test.each([
    ["console.log('😀'.repeat(50))", 7, "😀😀😀"],
    ["console.error('😀'.repeat(50))", 8, "😀😀😀😀"],
    ["process = { stdout: 1 }; console.log('a' + '😀'.repeat(50))", 4, "a😀"],
  ])("%s is cut at a whole character", async (code, outputChars, kept) => {
    const { status, stdout, stderr, feedback } = await sandbox.run(code, { limits: { outputChars } });
    expect([status, stdout + stderr]).toEqual(["output", kept]);
    expect(feedback).toBe(`${kept}\n[output truncated: limit of ${outputChars} characters]`);
  });

  test("a value is cut at a whole character", async () => {
    expect(await sandbox.run("'😀'.repeat(50)", { limits: { outputChars: 6 } })).toMatchObject({ value: "'😀😀", truncated: true });
    expect(await sandbox.run("'😀'.repeat(6000)", { limits: { outputChars: 20_000 } })).toMatchObject({
      value: expect.not.stringContaining("\\ud83d") as unknown,
    });
    expect(await sandbox.run("throw new Error('x' + '😀'.repeat(6000))")).toMatchObject({
      error: { message: `x${"😀".repeat(999)}` },
    });
  });

  test("output that just fits is whole", async () => {
    const result = await sandbox.run("console.log('12345')", { limits: { outputChars: 6 } });
    expect(result).toMatchObject({ status: "ok", stdout: "12345\n", truncated: false });
  });
});

test("the wall clock stops what fuel would allow, with a status of its own", async () => {
  const result = await sandbox.run("print('began'); while (true) {}", { limits: { fuel: 1e9, wallMs: 200 } });
  expect(result).toMatchObject({ status: "timeout", feedback: "began\n[timeout: time limit]" });
});

test("code longer than the limit is not run", async () => {
  const result = await sandbox.run("console.log(1) // long", { limits: { codeChars: 10 } });
  expect(result).toMatchObject({ status: "error", stdout: "", feedback: "Error: the code has 22 characters, more than the limit of 10" });
});

test("the same code spends the same fuel", async () => {
  const code = "let s = 0; for (let i = 0; i < 300000; i++) s += i; s";
  const fuels = (await sandbox.runBatch(Array.from({ length: 5 }, () => code))).map(({ usage }) => usage.fuel);
  expect(new Set(fuels).size).toBe(1);
  expect(fuels[0]).toBeGreaterThan(20);
});

describe("fuel is charged by work", () => {
  test.each([
    ["Array.prototype.indexOf.call({ length: 3e6 }, 1)", 40],
    ["''.padEnd(5e6).length", 9],
    ["const j = new Array(1e5).fill(1); for (let i = 0; i < 4; i++) JSON.stringify(j)", 15],
    ["isPrime(2n ** 521n - 1n)", 12],
    ["new Uint8Array(3e6).fill(1).length; for (let i = 0; i < 100; i++) new Uint8Array(3e6)", 15],
    ["for (let i = 0; i < 4000; i++) new Date(2020, 1, i).getDay()", 6],
  ])("%s costs %i ticks or more, always as many", async (code, least) => {
    const whole = await sandbox.run(code);
    expect(whole.status).toBe("ok");
    expect(whole.usage.fuel).toBeGreaterThanOrEqual(least);
    const { fuel } = whole.usage;
    expect(await sandbox.run(code, { limits: { fuel } })).toMatchObject({ status: "ok", usage: { fuel } });
    expect(await sandbox.run(code, { limits: { fuel: fuel - 1 } })).toMatchObject({ status: "fuel", usage: { fuel } });
  });

  test("plain code pays for its branches and calls alone", async () => {
    const { usage } = await sandbox.run("let s = 0; for (let i = 0; i < 200000; i++) s += i; s");
    expect(usage.fuel).toBe(40); // two of them a turn, 10 000 a tick
  });

  test("the clock is ten times as far off as the slowest tick, 4 ms", () => {
    expect(DEFAULT_LIMITS.wallMs).toBe(40 * DEFAULT_LIMITS.fuel);
  });
});
