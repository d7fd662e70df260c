import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleWorker } from "../src/bundle-worker.js";
import { createSandbox, type ExecutionResult, type Sandbox, type Session } from "../src/index.js";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ workers: 2 });
});
afterAll(() => sandbox.close());

/** Cells whose results depend on everything that a session carries. */
const CELLS = [
  "const seen = new Map(); let n = 0; const next = () => ++n; function* count() { for (;;) yield next() } const it = count()",
  "let release; const gate = new Promise((resolve) => { release = resolve }); gate.then((v) => print('gate', v, n)); [Math.random(), Date.now()]",
  "seen.set(it.next().value, 2n ** 80n); setTimeout(() => print('late', Date.now()), 50); [...seen]",
  "const o = { self: 1 }; o.o = o; null.x",
  "while (true) {}",
  "release('open'); it.next(); [n, Math.random(), o]",
  "[performance.now(), [...seen.values()].map((v) => v % 97n), it.next().value, Math.random()]",
];

async function runAll(session: Session, cells: readonly string[]): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const cell of cells) results.push(comparable(await session.run(cell, { limits: { fuel: 50 } })));
  return results;
}

const comparable = (result: ExecutionResult): unknown => ({ ...result, usage: { ...result.usage, wallMs: 0 } });

describe("fork", () => {
  test("forks begin alike, go apart, and leave the first session alone", async () => {
    const session = await sandbox.open({ seed: 3 });
    await session.run("const list = [1]; let add = (x) => list.push(x); Math.random()");
    const [a, b] = await session.fork(2);
    expect((await a!.run("add(2); [list, Math.random()]")).feedback).toBe((await b!.run("add(2); [list, Math.random()]")).feedback);
    await a!.run("add(3)");
    expect((await a!.run("list")).feedback).toBe("[ 1, 2, 3 ]");
    expect((await b!.run("list")).feedback).toBe("[ 1, 2 ]");
    expect((await session.run("list")).feedback).toBe("[ 1 ]");
  });

  test("a fork is taken after the cells asked for before it, and outlives its session", async () => {
    const session = await sandbox.open();
    const first = session.run("let x = 1");
    const forks = session.fork(3);
    const later = session.run("x = 2");
    await Promise.all([first, later]);
    await session.close();
    for (const fork of await forks) expect((await fork.run("x")).feedback).toBe("1");
  });

  test("a fork of a session without cells has its seed", async () => {
    const session = await sandbox.open({ seed: 9 });
    const [fork] = await session.fork(1);
    expect((await fork!.run("Math.random()")).feedback).toBe((await session.run("Math.random()")).feedback);
  });

  test("open sessions are counted, closed ones cannot fork", async () => {
    await using own = await createSandbox();
    const session = await own.open();
    const forks = await session.fork(4);
    expect(own.stats().openSessions).toBe(5);
    for (const fork of forks) await fork.close();
    await session.close();
    expect(own.stats().openSessions).toBe(0);
    await expect(session.fork(1)).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect((await own.open()).fork(-1)).rejects.toThrow("fork");
  });
});

describe("snapshot", () => {
  test("a session goes on from its snapshot in another sandbox as if it had never stopped", async () => {
    const whole = await runAll(await sandbox.open({ seed: 5 }), CELLS);
    for (const cut of [0, 1, 2, 3, 5, 6]) {
      const session = await sandbox.open({ seed: 5 });
      const before = await runAll(session, CELLS.slice(0, cut));
      const bytes = await session.snapshot();
      await using other = await createSandbox();
      const after = await runAll(await other.open({ from: Buffer.from(bytes) }), CELLS.slice(cut));
      expect([...before, ...after]).toEqual(whole);
    }
  });

  test("a seed beside a snapshot starts the random numbers anew", async () => {
    const session = await sandbox.open({ seed: 1 });
    await session.run("let x = 5; Math.random()");
    const from = await session.snapshot();
    const draw = async (seed: number): Promise<string> => (await (await sandbox.open({ from, seed })).run("[x, Math.random()]")).feedback;
    expect(await draw(2)).toBe(await draw(2));
    expect(await draw(2)).not.toBe(await draw(4));
    expect(await draw(2)).not.toBe((await session.run("[x, Math.random()]")).feedback);
  });

  test("what is not a whole snapshot of this sandbox is refused", async () => {
    const session = await sandbox.open();
    await session.run("let x = 1");
    const bytes = await session.snapshot();
    const damaged = bytes.slice();
    damaged[damaged.length >> 1]! ^= 1;
    const open = (from: Uint8Array): Promise<Session> => sandbox.open({ from });
    await expect(open(damaged)).rejects.toThrow("damaged");
    await expect(open(bytes.subarray(0, -1))).rejects.toThrow("damaged");
    await expect(open(bytes.subarray(1))).rejects.toThrow("snapshot");
    await expect(open(new Uint8Array(0))).rejects.toThrow("snapshot");
    await expect(open(new TextEncoder().encode("{}".repeat(100)))).rejects.toThrow("snapshot");
    await using foreign = await createSandbox({ prelude: "let other = 1" });
    await expect(foreign.open({ from: bytes })).rejects.toThrow("that of another");
    expect(sandbox.stats().openSessions).toBeGreaterThan(0);
  });
});

describe("equal seeds give equal bytes", () => {
  const inProcess = (workers: number, cells: readonly string[], from?: string): Promise<{ results: unknown[]; snapshot: string }> =>
    new Promise((resolve, reject) => {
      const script = fileURLToPath(new URL("./fixtures/replay.mjs", import.meta.url));
      const args = [script, new URL("index.js", bundleWorker()).href, `${workers}`];
      const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.on("error", reject);
      child.on("close", () => resolve(JSON.parse(output) as { results: unknown[]; snapshot: string }));
      child.stdin.end(JSON.stringify({ cells, from }));
    });

  test("over three processes, one worker and two, and a snapshot taken in between", async () => {
    const cells = CELLS.filter((cell) => cell !== "while (true) {}");
    const [first, second, third] = await Promise.all([inProcess(1, cells), inProcess(2, cells), inProcess(1, cells.slice(0, 3))]);
    expect(second).toEqual(first);
    const rest = await inProcess(1, cells.slice(3), third.snapshot);
    expect([...third.results, ...rest.results]).toEqual(first.results);
    expect(await runAll(await sandbox.open({ seed: 5 }), cells)).toEqual(first.results);
  });

  test("of three hundred cells, forked and replayed, over busy workers", async () => {
    const cell = (i: number): string =>
      `log.push([${i}, Math.random(), Date.now()]); if (log.length > 40) log.splice(0, 7); f = ((g) => () => g() + 1)(f); f()`;
    const head = ["const log = []; let f = () => 0", ...Array.from({ length: 150 }, (_, i) => cell(i))];
    const tail = [...Array.from({ length: 150 }, (_, i) => cell(i + 150)), "log"];
    const noise = sandbox.runBatch(Array.from({ length: 200 }, (_, i) => `range(1, ${i}).map((x) => x * x)`));
    const session = await sandbox.open({ seed: 21 });
    const first = await runAll(session, head);
    const [fork] = await session.fork(1);
    const ends = await Promise.all([
      runAll(session, tail),
      runAll(fork!, tail),
      sandbox.open({ seed: 21 }).then((again) => runAll(again, [...head, ...tail])),
    ]);
    expect(ends[1]).toEqual(ends[0]);
    expect(ends[2]).toEqual([...first, ...ends[0]]);
    await noise;
  });
});
