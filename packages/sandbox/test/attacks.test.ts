import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, type ExecutionStatus, type Sandbox } from "../src/index.js";

// Fuel is small so that the verdict comes soon; the wall clock is far off, so that only it can be the verdict.
const limits = { fuel: 150, wallMs: 20_000, graceMs: 500, memoryBytes: 24 * 2 ** 20 };
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ limits });
});
afterAll(() => sandbox.close());

async function expectStatus(code: string, ...statuses: readonly ExecutionStatus[]): Promise<void> {
  const result = await sandbox.run(code);
  expect(statuses, `${code}: ${result.feedback.slice(0, 200)}`).toContain(result.status);
  expect((await sandbox.run("6 * 7")).feedback).toBe("42");
}

describe("endless code meets the fuel limit and the next run is right", () => {
  test.each([
    "while (true) {}",
    "for (;;) { try { while (true) {} } catch {} finally { continue } }",
    "const f = () => {}; for (;;) f()",
    "function* g() { for (;;) yield 1 } for (const x of g()) x",
    "/(a+)+$/.test('a'.repeat(40) + 'b')",
    "/^(([a-z])+.)+[A-Z]([a-z])+$/u.exec('a'.repeat(60))",
    "(async () => { for (;;) await null })()",
    "const storm = () => Promise.resolve().then(storm); storm()",
    "const grow = () => setTimeout(grow, 1); grow()",
    "setInterval(() => {}, 10)",
    "[3, 2, 1].sort(() => { for (;;); })",
    "let n = Date.now(); while (Date.now() < n + 1e12);",
    "({ get x() { for (;;); } }).x",
    "const p = new Proxy({}, { ownKeys() { for (;;); } }); p",
  ])("%s", (code) => expectStatus(code, "fuel"));
});

describe("code that takes all memory or stack is stopped and the next run is right", () => {
  test.each([
    ["many small objects", "const q = []; for (;;) q.push({ a: [1] })", ["oom"]],
    ["a growing map", "const m = new Map(); for (let i = 0; ; i++) m.set(i, [i])", ["oom"]],
    ["few large buffers", "const q = []; for (;;) q.push(new Uint8Array(5e6))", ["oom"]],
    ["float arrays", "const q = []; for (;;) q.push(new Float64Array(1e5).fill(1))", ["oom"]],
    ["a doubling string", "let s = 'ab'; for (;;) s = s + s.slice(1) + s", ["oom", "error"]],
    [
      "memory in promise jobs",
      "const q = []; const eat = () => { q.push(new Uint8Array(1e5)); Promise.resolve().then(eat) }; eat(); 1",
      ["oom", "error", "ok"],
    ],
    ["a huge BigInt", "2n ** 2n ** 40n", ["oom", "error"]],
    ["recursion", "function f() { return f() + 1 }\nf()", ["stack"]],
    ["recursion through toString", "const o = { toString() { return `${o}` } }; `${o}`", ["stack"]],
    ["recursion through a getter", "const o = { get x() { return this.x } }; o.x", ["stack"]],
    ["recursion through a proxy", "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x", ["stack"]],
    ["recursion through sort", "const f = () => [2, 1].sort(f); f()", ["stack"]],
    ["recursion through replace", "const f = () => 'a'.replace(/a/, f); f()", ["stack"]],
    ["recursion through toJSON", "const o = { toJSON() { return JSON.stringify(o) } }; JSON.stringify(o)", ["stack"]],
    ["nested brackets", "eval('['.repeat(30000))", ["stack", "error"]],
    ["nested brackets in the source", "[".repeat(60_000), ["error", "stack"]],
    ["nested JSON", "JSON.parse('['.repeat(1e5))", ["stack", "error"]],
    ["a chain of bound functions", "let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null); f()", ["stack", "fuel", "oom"]],
    ["an object nested too deep to show", "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; o", ["ok"]],
  ] as const)("%s", (_name, code, statuses) => expectStatus(code, ...statuses));
});

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
