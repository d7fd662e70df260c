import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, escapeTags, type Limits, type Sandbox } from "../src/index.js";
import { ADVERSARY } from "./adversary-table.js";
import type { Attack } from "./attack.js";
import { ESCAPES } from "./escape-table.js";
import { EXHAUSTION } from "./exhaustion-table.js";

// Fuel is small so that the verdict comes soon; the clock is far off, unless only the clock can end the attack.
const COUNTED = { fuel: 400, wallMs: 20_000, graceMs: 500, memoryBytes: 24 * 2 ** 20 };
const ENDLESS = { ...COUNTED, fuel: 30 };
// What never ticks is to be killed: no grace. What ticks slowly is to be stopped at a tick: much of it.
const NEVER_TICKS = { fuel: 1e9, wallMs: 100, graceMs: 50, memoryBytes: 48 * 2 ** 20 };
const TICKS_SLOWLY = { ...NEVER_TICKS, graceMs: 3_000 };
const LATE_MS = 500;
const TAGS = ["interpreter", "code", "answer"];
const RSS_BYTES = 700 * 2 ** 20;
const TABLE = Object.entries({ ...EXHAUSTION, ...ESCAPES, ...ADVERSARY });

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ limits: COUNTED });
});
afterAll(() => sandbox.close());

const hostKeys = (): string =>
  JSON.stringify([Object.prototype, Array.prototype, Function.prototype, globalThis].map((o) => Reflect.ownKeys(o).map(String)));

function limitsFor({ status, isNative }: Attack): Partial<Limits> & Pick<Limits, "wallMs" | "graceMs"> {
  if (isNative) return status === "killed" ? NEVER_TICKS : TICKS_SLOWLY;
  return status === "fuel" ? ENDLESS : COUNTED;
}

/** What became of an attack, as the sandbox's own clock saw it begin and this thread's saw it end. */
async function attack(row: Attack) {
  const limits = limitsFor(row);
  const startMs = performance.now();
  const result = await sandbox.run(row.code, { limits });
  return { result, limits, tookMs: performance.now() - startMs };
}

describe.each(TABLE)("%s", (_kind, attacks) => {
  test.each(attacks.map((row) => [row.code.slice(0, 120), row] as const))("%s", async (_title, row) => {
    const before = hostKeys();
    const { result, limits, tookMs } = await attack(row);
    expect(result.status, result.feedback.slice(0, 300)).toBe(row.status);
    // Of a run that only the clock ends, the deadline is when it must be over; a counted one is far within its own.
    expect(tookMs).toBeLessThan((row.isNative ? limits.wallMs + limits.graceMs : 5_000) + LATE_MS);
    expect(result.feedback).not.toMatch(/\.mjs|worker\.js|supervisor|\/home\/|file:/);
    expect(result.stdout.length + result.stderr.length).toBeLessThanOrEqual(8_192);
    expect(escapeTags(result.feedback, TAGS)).not.toMatch(/<\s*\/?\s*(?:interpreter|code|answer)\b/i);
    expect(hostKeys()).toBe(before);
    expect(process.memoryUsage().rss).toBeLessThan(RSS_BYTES);
    expect((await sandbox.run("const t = [6]; [t.map((x) => x * 7), typeof polluted, {}.hostPolluted]")).feedback).toBe(
      "[ [ 42 ], 'undefined', undefined ]",
    );
  });
});

test("the table has 300 attacks or more, each of them once", () => {
  const codes = TABLE.flatMap(([, attacks]) => attacks.map(({ code }) => code));
  expect(codes.length).toBeGreaterThanOrEqual(300);
  expect(new Set(codes).size).toBe(codes.length);
});
