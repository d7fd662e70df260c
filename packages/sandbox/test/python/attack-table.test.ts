import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, escapeTags, type Sandbox } from "../../src/index.js";
import { PYTHON_ATTACKS } from "./attack-table.js";
import { BACKENDS, python } from "./backends.js";

const LIMITS = { fuel: 60, memoryBytes: 64 * 2 ** 20, outputChars: 2_000 };
/** What loops meets its fuel soon; CPython's native code, which is not counted, its processor time: 10 ms a tick. */
const limitsOf = (status: string): typeof LIMITS => ({ ...LIMITS, fuel: status === "fuel" || status === "timeout" ? 60 : 20_000 });

describe.each(BACKENDS)("%s", (backend) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    process.env["SECRET_OF_THE_HOST"] = "secret";
    sandbox = await createSandbox({ ...python(backend), limits: LIMITS });
  }, 180_000);
  afterAll(() => sandbox.close());

  describe.each(Object.entries(PYTHON_ATTACKS))("%s", (_kind, attacks) => {
    test.each(attacks.map((attack) => [attack.code.slice(0, 120), attack] as const))("%s", async (_title, { code, status }) => {
      const expected = typeof status === "string" ? status : status[backend];
      const limits = limitsOf(expected);
      const result = await sandbox.run(code, { limits });
      expect(result.status, result.feedback.slice(0, 400)).toBe(expected);
      expect(result.usage.memoryBytes).toBeLessThan(2 ** 28);
      expect(result.stdout.length + result.stderr.length).toBeLessThanOrEqual(limits.outputChars);
      expect(result.feedback).not.toMatch(/\/tmp\/|\/home\/\w+\/|node:internal|pyodide\.asm|<runner>|secret/);
      expect(escapeTags(result.feedback, ["interpreter", "answer", "code"])).not.toMatch(/<\s*\/?\s*(?:interpreter|answer|code)\b/);
      const next = await sandbox.run(
        "import sys, json, math, random, builtins\nprint(sum([1, 2]), repr('x'), hasattr(builtins, 'kept'))\nmath.isqrt(49)",
      );
      expect(next.feedback).toBe("3 'x' False\n7");
    });
  });

  test("after all of them the caller's process is small, and nothing fell out of its hands", () => {
    expect(process.memoryUsage().rss).toBeLessThan(700 * 2 ** 20);
    expect(sandbox.stats()).toMatchObject({ running: 0, queued: 0, openSessions: 0, finished: { infra: 0 } });
  });
});

test("the table has 40 attacks or more, each of them once", () => {
  const codes = Object.values(PYTHON_ATTACKS).flatMap((attacks) => attacks.map(({ code }) => code));
  expect(codes.length).toBeGreaterThanOrEqual(40);
  expect(new Set(codes).size).toBe(codes.length);
});
