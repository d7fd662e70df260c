import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, type Sandbox, type Session } from "../src/index.js";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ workers: 2 });
});
afterAll(() => sandbox.close());

async function runAll(session: Session, cells: readonly string[]): Promise<string[]> {
  const feedback: string[] = [];
  for (const cell of cells) feedback.push((await session.run(cell)).feedback);
  return feedback;
}

test("closures, maps, BigInts, generators and pending promises outlive a cell", async () => {
  const session = await sandbox.open();
  const feedback = await runAll(session, [
    "const counter = (() => { let n = 0; return () => ++n })(); const m = new Map([['k', 2n ** 70n]])",
    "function* numbers() { let i = 10; for (;;) yield i++ } const it = numbers(); it.next().value",
    "let release; const gate = new Promise((resolve) => { release = resolve }); gate.then((v) => print('released', v)); 0",
    "counter(); counter(); [m.get('k'), it.next().value]",
    "release('now'); counter()",
  ]);
  expect(feedback).toEqual(["", "10", "0", "[ 1180591620717411303424n, 11 ]", "released now\n3"]);
});

test("three hundred cells in a row keep the state", async () => {
  const session = await sandbox.open();
  await session.run("let n = 0; const seen = []");
  for (let i = 0; i < 300; i++) await session.run("seen.push(n++)");
  expect((await session.run("[n, seen.length, seen[299]]")).feedback).toBe("[ 300, 300, 299 ]");
});

describe("a turn that dies leaves the state of before", () => {
  test.each([
    ["fuel", "x = 2; while (true) {}", "fuel", {}],
    ["memory", "x = 2; const q = []; for (;;) q.push([1])", "oom", { memoryBytes: 20 * 2 ** 20 }],
    ["recursion", "x = 2; (function f() { f() })()", "stack", {}],
    ["output", "x = 2; for (;;) print(x)", "output", {}],
    ["a kill", "x = 2; Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)", "timeout", { fuel: 1e9, wallMs: 300, graceMs: 200 }],
  ] as const)("by %s", async (_name, cell, status, limits) => {
    const session = await sandbox.open({ limits: { fuel: 400 } });
    await session.run("let x = 1; const keep = { deep: [1, 2] }");
    const died = await session.run(cell, { limits });
    expect(died.status).toBe(status);
    expect(died.feedback).toContain("[variables are as before this cell]");
    expect((await session.run("[x, keep]")).feedback).toBe("[ 1, { deep: [ 1, 2 ] } ]");
  });
});

test("a stuck session holds the others up for one deadline at most", async () => {
  const limits = { fuel: 1e9, wallMs: 1_400, graceMs: 100 };
  await using single = await createSandbox({ limits });
  const sessions = await Promise.all(Array.from({ length: 8 }, () => single.open()));
  await Promise.all(sessions.map((session, i) => session.run(`let own = ${i}`, { limits: { wallMs: 10_000 } })));
  const stuck = sessions[0]!.run("Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)", { rerun: false });
  const waited = sessions.slice(1).map((session) => session.run("own", { limits: { wallMs: 10_000 } }));
  expect((await Promise.all(waited)).map(({ feedback }) => feedback)).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
  expect(single.stats()).toMatchObject({ restarts: 1, finished: { timeout: 1 } });
  expect((await stuck).status).toBe("timeout");
  expect((await sessions[0]!.run("own")).feedback).toBe("0");
});

test("an error keeps what the cell changed", async () => {
  const session = await sandbox.open();
  expect(await runAll(session, ["let x = 1", "x = 2; throw new Error('e')", "x"])).toEqual(["", "Error: e (line 1)", "2"]);
});

test("sessions are apart and may be interleaved over workers", async () => {
  const sessions = await Promise.all(Array.from({ length: 6 }, (_, seed) => sandbox.open({ seed })));
  await Promise.all(sessions.map((session, i) => session.run(`let own = ${i}`)));
  for (let turn = 0; turn < 5; turn++) await Promise.all(sessions.map((session) => session.run("own += 10")));
  const values = await Promise.all(sessions.map((session) => session.run("own")));
  expect(values.map(({ feedback }) => feedback)).toEqual(["50", "51", "52", "53", "54", "55"]);
});

test("a new session on a worker that ran others sees nothing of them", async () => {
  await using single = await createSandbox();
  const first = await single.open();
  await first.run("var secret = 1; Object.prototype.evil = 2; Math.random()");
  const second = await single.open();
  expect((await second.run("[typeof secret, {}.evil]")).feedback).toBe("[ 'undefined', undefined ]");
  expect((await first.run("secret")).feedback).toBe("1");
});

test("a session that grew beyond the engine's first memory goes on", async () => {
  const session = await sandbox.open();
  await session.run("const big = []; for (let i = 0; i < 30; i++) big.push(new Uint8Array(1e6).fill(i))");
  expect((await session.run("big.length + big[29][999999]")).feedback).toBe("59");
  expect((await session.run("big.push(1); big.length")).usage.memoryBytes).toBeGreaterThan(30e6);
});

test("more sessions than a worker can remember go on, each from its own state", async () => {
  await using single = await createSandbox();
  const sessions = await Promise.all(Array.from({ length: 24 }, () => single.open()));
  for (const [i, session] of sessions.entries()) await session.run(`let own = ${i}; const big = new Uint8Array(4e6).fill(own + 1)`);
  for (const session of sessions) await session.run("own += big[3999999]"); // 96 MB in turn: the oldest is always forgotten
  const [fork] = await sessions[3]!.fork(1);
  expect((await fork!.run("own += big[0]")).feedback).toBe("11");
  expect((await sessions[3]!.run("own")).feedback).toBe("7");
  for (const [i, session] of sessions.entries()) expect((await session.run("[own, big[1]]")).feedback).toBe(`[ ${2 * i + 1}, ${i + 1} ]`);
}, 60_000);

test("runs of one session keep their order without being awaited", async () => {
  const session = await sandbox.open();
  const results = await Promise.all(["let s = ''", "s += 'a'", "s += 'b'", "s"].map((code) => session.run(code)));
  expect(results.at(-1)!.feedback).toBe("'ab'");
});

test("the seed of a session sets its random numbers and they go on from cell to cell", async () => {
  const draw = async (seed: number): Promise<string[]> => runAll(await sandbox.open({ seed }), ["Math.random()", "Math.random()"]);
  const first = await draw(7);
  expect(await draw(7)).toEqual(first);
  expect(first[0]).not.toBe(first[1]);
  expect(await draw(8)).not.toEqual(first);
});

test("a first cell that cannot be parsed does not lose the seed", async () => {
  const [broken, sound] = [await sandbox.open({ seed: 5 }), await sandbox.open({ seed: 5 })];
  await broken.run("let =");
  await sound.run("1");
  expect((await broken.run("Math.random()")).feedback).toBe((await sound.run("Math.random()")).feedback);
});

test("errors name the line of the cell that failed", async () => {
  const session = await sandbox.open();
  await session.run("\n\nfunction bad() { throw new Error('deep') }");
  expect((await session.run("1\nbad()")).feedback).toBe("Error: deep (line 2)");
});

test("a closed session takes no more code", async () => {
  const session = await sandbox.open();
  await session.close();
  await session.close();
  await expect(session.run("1")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});
