import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, type ExecutionResult, type Sandbox } from "../../src/index.js";
import { BACKENDS, python } from "./backends.js";
import { POISONS } from "./poison-table.js";

const LIMITS = { fuel: 300, memoryBytes: 96 * 2 ** 20, outputChars: 2_000 };
const WORKERS = 2;

/** What a run sees of its interpreter: streams, files, descriptors, randomness, time, limits, and modules that are read when imported. */
const PROBE = `import sys, os, csv, io, json, random, time, decimal, gc, signal, fractions
print(sorted(os.environ), os.getcwd(), sys.getrecursionlimit(), sys.get_int_max_str_digits(), gc.isenabled(), gc.get_threshold())
print(random.random(), random.Random().random(), os.urandom(4).hex(), hash("x"), decimal.getcontext().prec, time.time())
print(list(csv.reader(io.StringIO("a,b"))), json.dumps({"k": [1]}), os.dup(1), repr(fractions.Fraction(1, 3)))
print(os.stat("/dev/null").st_size, sys.gettrace() is None or "step", sys.getprofile(), hasattr(sys, "kept"), object())
print("err", file=sys.stderr)
def f(n): return 0 if n == 0 else 1 + f(n - 1)
f(500)`;

const seen = ({ status, stdout, stderr, feedback, usage }: ExecutionResult): unknown => ({
  status,
  stdout,
  stderr,
  feedback,
  fuel: usage.fuel,
});

describe.each(BACKENDS)("%s", (backend) => {
  let sandbox: Sandbox;
  let fresh: unknown;
  beforeAll(async () => {
    sandbox = await createSandbox({ ...python(backend), limits: LIMITS, workers: WORKERS });
    fresh = seen(await sandbox.run(PROBE));
    expect(fresh).toMatchObject({ status: "ok" });
  }, 180_000);
  afterAll(() => sandbox.close());

  describe.each(Object.entries(POISONS))("%s", (_kind, codes) => {
    test.each(codes.map((code) => [code.slice(0, 140), code]))("%s", async (_title, code) => {
      const result = await sandbox.run(code);
      expect(result.status, result.feedback).not.toBe("infra"); // which would never be scored
      expect(result.status, result.feedback).not.toBe("timeout");
      // As many runs at once as there are workers, so that each of them has one, three times.
      for (let time = 0; time < 3; time++) {
        const later = await Promise.all(Array.from({ length: WORKERS }, () => sandbox.run(PROBE)));
        expect(later.map(seen)).toEqual(later.map(() => fresh));
      }
    });
  });
});

test("the table has 80 poisons or more, each of them once", () => {
  const codes = Object.values(POISONS).flat();
  expect(codes.length).toBeGreaterThanOrEqual(80);
  expect(new Set(codes).size).toBe(codes.length);
});
