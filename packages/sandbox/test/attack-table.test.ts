import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, escapeTags, type ExecutionResult, type Limits, type Sandbox } from "../src/index.js";
import { ADVERSARY } from "./adversary-table.js";
import type { Attack } from "./attack.js";
import { ESCAPES } from "./escape-table.js";
import { EXHAUSTION } from "./exhaustion-table.js";

// Fuel is small so that the verdict comes soon; the clock is far off.
const COUNTED = { fuel: 400, memoryBytes: 24 * 2 ** 20 };
const ENDLESS = { ...COUNTED, fuel: 30 };
const NATIVE = { fuel: 120, memoryBytes: 48 * 2 ** 20 };
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

function limitsFor({ status, isNative }: Attack): Partial<Limits> {
  if (isNative) return NATIVE;
  return status === "fuel" ? ENDLESS : COUNTED;
}

const withoutTime = (result: ExecutionResult): unknown => ({ ...result, usage: { ...result.usage, wallMs: 0 } });

describe.each(TABLE)("%s", (_kind, attacks) => {
  test.each(attacks.map((row) => [row.code.slice(0, 120), row] as const))("%s", async (_title, row) => {
    const before = hostKeys();
    const limits = limitsFor(row);
    const result = await sandbox.run(row.code, { limits });
    expect(result.status, result.feedback.slice(0, 300)).toBe(row.status);
    // The verdict is counted: the same again, to the last tick, whatever else the machine does.
    expect(withoutTime(await sandbox.run(row.code, { limits }))).toEqual(withoutTime(result));
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
