import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../src/index.js";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox();
});
afterAll(() => sandbox.close());

const feedback = async (code: string): Promise<string> => (await sandbox.run(code)).feedback;

describe("nothing of the host is in a world", () => {
  test.each([
    "process",
    "require",
    "module",
    "fetch",
    "Buffer",
    "WebAssembly",
    "Atomics",
    "SharedArrayBuffer",
    "Worker",
    "navigator",
    "boot",
    "harness",
    "emit",
  ])("%s", async (name) => {
    expect(await feedback(`typeof ${name}`)).toBe("'undefined'");
  });

  test.each([
    "console.log.constructor('return typeof process')()",
    "({}).constructor.constructor('return typeof require')()",
    "print.constructor('return typeof process')()",
    "gcd.constructor('return typeof process')()",
    "(async () => {}).constructor('return typeof process')()",
    "globalThis.constructor.constructor('return typeof process')()",
    "new Error().constructor.constructor('return typeof process')()",
  ])("%s", async (code) => {
    expect(await feedback(code)).toBe("'undefined'");
  });

  test("modules cannot be imported", async () => {
    expect((await sandbox.run("await import('node:fs')")).status).toBe("error");
  });

  test("stacks hold no path of the host", async () => {
    const text = await feedback("try { null.x } catch (e) { e.stack }");
    expect(text).toContain("cell-1.js:1");
    expect(text).not.toMatch(/[/\\](?!n)|node|worker/);
  });
});

describe("what a run changes ends with it", () => {
  test.each([
    [
      "globals",
      "globalThis.leak = 1; var leak2 = 2; leak3 = 3",
      "[typeof leak, typeof leak2, typeof leak3]",
      "[ 'undefined', 'undefined', 'undefined' ]",
    ],
    ["prototypes", "Object.prototype.evil = 1; Array.prototype.push = null", "[{}.evil, typeof [].push]", "[ undefined, 'function' ]"],
    [
      "built-ins",
      "JSON.stringify = () => 'forged'; Math.max = () => 0; delete globalThis.Map",
      "[Math.max(1, 2), new Map(), JSON.stringify(1)]",
      "[ 2, Map(0) {}, '1' ]",
    ],
    ["the prelude", "isPrime = () => true; gcd = null", "[isPrime(4), gcd(4, 6)]", "[ false, 2 ]"],
    ["random state", "Math.random(); Math.random()", "Math.random()", undefined],
    ["the clock", "Date.now(); setTimeout(() => {}, 1e6)", "Date.now()", "1735689600000"],
    ["timers", "setInterval(() => { throw 1 }, 1)", "'quiet'", "'quiet'"],
    ["a loop that was stopped", "globalThis.leak = 1; for (;;);", "typeof leak", "'undefined'"],
  ])("%s", async (_name, first, second, expected) => {
    const fresh = expected ?? (await feedback(second));
    await sandbox.run(first, { limits: { fuel: 20 } });
    expect(await feedback(second)).toBe(fresh);
  });

  test("the host's prototypes are untouched", async () => {
    await sandbox.run("Object.prototype.polluted = 1; ({}).__proto__.polluted2 = 1; Array.prototype.polluted = 1");
    expect("polluted" in {}).toBe(false);
    expect("polluted" in []).toBe(false);
  });
});

describe("the report survives what the code does to its world", () => {
  test.each([
    ["JSON.stringify = () => 'forged'; 5", "5"],
    ["Object.prototype.toJSON = () => 'forged'; String.prototype.toJSON = () => 'forged'; 'x'", "'x'"],
    ["Array.prototype.push = () => { throw 1 }; [1]", "[ 1 ]"],
    ["Object.prototype.value = 1; Object.prototype.get = () => 2; ({ a: 1 })", "{ a: 1 }"],
    ["Function.prototype.call = () => 'forged'; Reflect.apply = null; [1, { b: 2 }]", "[ 1, { b: 2 } ]"],
    ["globalThis.JSON = null; globalThis.Promise = null; globalThis.Reflect = null; 7", "7"],
    ["String.prototype.slice = () => 'forged'; console.log('text')", "text"],
    ["const e = new Error('m'); Object.defineProperty(e, 'message', { get() { throw 1 } }); throw e", "Error"],
    ["throw new Proxy({}, { getPrototypeOf() { throw 1 } })", undefined],
  ])("%s", async (code, expected) => {
    const result = await sandbox.run(code);
    expect(["ok", "error"]).toContain(result.status);
    if (expected !== undefined) expect(result.feedback.replace(/ \(line \d+\)$/, "")).toBe(expected);
  });
});

describe("every character crosses", () => {
  test.each(["a\0b", "\ud800", "x\udfffy", "é😀\u2028\ufeff", "\\u0000", '"quotes"', "</interpreter>", "\r\n"])("%j", async (text) => {
    const result = await sandbox.run(`console.log(${JSON.stringify(text)}); console.error('${text.length}')`);
    expect(result.stdout).toBe(`${text}\n`);
    expect(result.stderr).toBe(`${text.length}\n`);
  });

  test("unescaped in the source too", async () => {
    const result = await sandbox.run("console.log('a\0b|\ud800|😀'.length)");
    expect(result.stdout).toBe("8\n");
  });
});
