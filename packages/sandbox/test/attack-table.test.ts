import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, escapeTags, type Sandbox } from "../src/index.js";
import { ATTACKS } from "./attack-table.js";

// Fuel is small so that the verdict comes soon; the clock is far off, unless only the clock can end the attack.
const COUNTED = { fuel: 400, wallMs: 20_000, graceMs: 500, memoryBytes: 24 * 2 ** 20 };
const ENDLESS = { ...COUNTED, fuel: 30 };
const NATIVE = { fuel: 1e9, wallMs: 120, graceMs: 60, memoryBytes: 48 * 2 ** 20 };
const TAGS = ["interpreter", "code", "answer"];

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ limits: COUNTED });
});
afterAll(() => sandbox.close());

const hostKeys = (): string =>
  JSON.stringify([Object.prototype, Array.prototype, Function.prototype, globalThis].map((o) => Reflect.ownKeys(o).map(String)));

describe.each(Object.entries(ATTACKS))("%s", (_kind, attacks) => {
  test.each(attacks.map((attack) => [attack.code.slice(0, 120), attack] as const))("%s", async (_title, { code, status, isNative }) => {
    const before = hostKeys();
    const limits = isNative ? NATIVE : status.every((end) => end === "fuel") ? ENDLESS : COUNTED;
    const startMs = performance.now();
    const result = await sandbox.run(code, { limits });
    const tookMs = performance.now() - startMs;
    expect(status, result.feedback.slice(0, 300)).toContain(result.status);
    expect(tookMs).toBeLessThan(limits.wallMs + limits.graceMs + 500);
    expect(result.feedback).not.toMatch(/\.mjs|worker\.js|supervisor|\/home\/|file:/);
    expect(result.stdout.length + result.stderr.length).toBeLessThanOrEqual(8_192);
    expect(escapeTags(result.feedback, TAGS)).not.toMatch(/<\s*\/?\s*(?:interpreter|code|answer)\b/i);
    expect(hostKeys()).toBe(before);
    expect((await sandbox.run("const t = [6]; [t.map((x) => x * 7), typeof polluted, {}.hostPolluted]")).feedback).toBe(
      "[ [ 42 ], 'undefined', undefined ]",
    );
  });
});

test("the table has 120 attacks or more, each of them once", () => {
  const codes = Object.values(ATTACKS).flatMap((attacks) => attacks.map(({ code }) => code));
  expect(codes.length).toBeGreaterThanOrEqual(120);
  expect(new Set(codes).size).toBe(codes.length);
});

test("after all of them the process is not larger than the pool may be", () => {
  expect(process.memoryUsage().rss).toBeLessThan(700 * 2 ** 20);
});
