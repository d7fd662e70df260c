import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../../src/index.js";
import { BACKENDS, python } from "./backends.js";

describe.each(BACKENDS)("%s", (backend) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ ...python(backend), seed: 3 });
  }, 180_000);
  afterAll(() => sandbox.close());
  const feedback = async (code: string): Promise<string> => (await sandbox.run(code)).feedback;

  test.each([
    ["1 + 1", "2"],
    ["print('hi'); 7", "hi\n7"],
    ["x = 5", ""],
    ["x = 5; x;", ""],
    ["None", ""],
    ["[i ** 2 for i in range(4)]", "[0, 1, 4, 9]"],
    ["'a\\0b'", "'a\\x00b'"],
    ["print('\\ud800é\\U0001F600')", "\\ud800é😀"],
    ["import sys; print('no', file=sys.stderr); 1", "no\n1"],
    ["import asyncio\nasync def f():\n    await asyncio.sleep(1000)\n    return 4\nawait f()", "4"],
    ["import asyncio; asyncio.run(asyncio.sleep(2, 5))", "5"],
    ["import time; time.sleep(1e6); 1", "1"],
    ["from fractions import Fraction; Fraction(1, 3) + Fraction(1, 6)", "Fraction(1, 2)"],
    ["import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\nP(1)", "P(x=1)"],
    ["if True:\n    3", ""],
    ["", ""],
    ["__name__", "'__main__'"],
  ])("%s", async (code, expected) => {
    expect(await feedback(code)).toBe(expected);
  });

  test("an error shows the cell's frames, line and column", async () => {
    const result = await sandbox.run("def f(n):\n    return 1 / n\nf(0)");
    expect(result).toMatchObject({
      status: "error",
      error: { name: "ZeroDivisionError", message: "division by zero", line: 2, column: 12 },
    });
    expect(result.feedback.replace(/^ +[\^~]+\n/gm, "")).toBe(
      'Traceback (most recent call last):\n  File "<cell 1>", line 3, in <module>\n    f(0)\n  File "<cell 1>", line 2, in f\n    return 1 / n\nZeroDivisionError: division by zero',
    );
  });

  test("frames of libraries and of the runner are not shown", async () => {
    const text = await feedback("import json\njson.loads('{')");
    expect(text).toContain('File "<cell 1>", line 2');
    expect(text).not.toMatch(/decoder\.py|runner/);
  });

  test("a syntax error has its place", async () => {
    expect(await sandbox.run("x = 1\nlet y = 2")).toMatchObject({ status: "error", error: { name: "SyntaxError", line: 2, column: 5 } });
  });

  test("a session keeps its variables; a cell that dies changes nothing", async () => {
    const session = await sandbox.open();
    const say = async (code: string): Promise<string> => (await session.run(code)).feedback;
    expect(await say("n = 41\nlog = []")).toBe("");
    expect(await say("log.append(1)\n1/0")).toContain("ZeroDivisionError");
    expect(await say("n += 1; log.append(2); log")).toBe("[1, 2]");
    const died = await session.run("n = 0; log.clear()\nwhile True:\n    pass", { limits: { fuel: 20, wallMs: 1_000 } });
    expect(["fuel", "timeout"]).toContain(died.status);
    expect(died.feedback).toMatch(/^\[timeout: (?:fuel|time) limit\]\n\[variables are as before this cell\]$/);
    expect(await say("n, log, _")).toBe("(42, [1, 2], [1, 2])");
    expect((await session.run("def g():\n    g()\ng()")).status).toBe("stack");
    expect(await say("n")).toBe("42");
    await session.close();
    await expect(session.run("1")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });

  test("forks and snapshots go on from where they were taken", async () => {
    const session = await sandbox.open({ seed: 5 });
    await session.run("import random\na = [random.random()]");
    const [left, right] = await session.fork(2);
    const draw = "a.append(random.random()); a";
    const expected = (await left!.run(draw)).feedback;
    expect((await right!.run(draw)).feedback).toBe(expected);
    const snapshot = await session.snapshot();
    expect((await session.run(draw)).feedback).toBe(expected);
    const revived = await sandbox.open({ from: snapshot });
    expect((await revived.run(draw)).feedback).toBe(expected);
    snapshot[snapshot.length - 2]! ^= 1;
    await expect(sandbox.open({ from: snapshot })).rejects.toThrow("damaged");
  });

  test("many sessions at once keep apart, although processes are few", async () => {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => sandbox.open()));
    await Promise.all(sessions.map((session, i) => session.run(`mine = ${i}`)));
    const values = await Promise.all(sessions.map((session) => session.run("mine * 10")));
    expect(values.map(({ feedback: text }) => text)).toEqual(["0", "10", "20", "30", "40", "50"]);
    await Promise.all(sessions.map((session) => session.close()));
  });

  test("equal seeds give equal runs, in another process too", async () => {
    const code = `import random, time, datetime, os, uuid
[random.random(), time.time(), datetime.datetime.now().isoformat(), datetime.date.today(), os.urandom(4), uuid.uuid4(), hash("a"), list({"x", "yy", "zzz"})]`;
    const first = await sandbox.run(code);
    expect(first.feedback).toContain("2025-01-01T00:00:0");
    await using other = await createSandbox({ ...python(backend), seed: 3 });
    const second = await other.run(code);
    const withoutUse = ({ usage: _usage, ...rest }: typeof first): unknown => rest;
    expect(withoutUse(second)).toEqual(withoutUse(first));
    expect((await other.run(code, { seed: 4 })).feedback).not.toBe(first.feedback);
  });

  test("code that is too long is not run, and is no cell", async () => {
    const session = await sandbox.open({ limits: { codeChars: 20 } });
    expect(await session.run("'".padEnd(21, "x"))).toMatchObject({
      status: "error",
      error: { message: expect.stringContaining("21 characters") },
    });
    expect((await session.run("1 + 2")).feedback).toBe("3");
  });
});
