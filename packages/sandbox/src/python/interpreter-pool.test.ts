import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Tally } from "../pool/tally.js";
import { InterpreterPool } from "./interpreter-pool.js";
import type { PythonRequest } from "./messages.js";
import { PYTHON_LIMITS } from "./python-limits.js";

/**
 * A process that ends a run as its code says: `KIND N` answers with that kind the first N times the code is run, then with `ok`. It
 * writes down when each run begins and ends.
 */
const ANSWERING = `
const { appendFileSync, readFileSync, writeSync } = require("node:fs");
const say = (answer) => writeSync(3, JSON.stringify(answer) + "\\n");
let isReady = false;
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  if (!isReady) return say({ type: "ready" }, (isReady = true)); // that line is the setup
  const { nonce, code } = JSON.parse(line);
  const [kind, times] = code.split(" ");
  appendFileSync(process.env.LOG, "begin " + code + "\\n");
  const nth = readFileSync(process.env.LOG, "utf8").split("\\n").filter((entry) => entry === "begin " + code).length;
  setTimeout(() => {
    appendFileSync(process.env.LOG, "end " + code + "\\n");
    say({ type: "done", nonce, report: { kind: nth <= Number(times) ? kind : "ok" }, fuel: 0, memoryBytes: 0, isReusable: true });
  }, 20);
});`;

/** A process that takes a moment to be ready, and writes down each cell that it is given. */
const SLOW_STARTER = `
const { appendFileSync, writeSync } = require("node:fs");
const say = (answer) => writeSync(3, JSON.stringify(answer) + "\\n");
let isReady = false;
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  if (!isReady) return setTimeout(() => say({ type: "ready" }), 300, (isReady = true)); // that line is the setup
  const { nonce, code } = JSON.parse(line);
  appendFileSync(process.env.LOG, code + "\\n");
  say({ type: "done", nonce, report: { kind: "ok" }, fuel: 0, memoryBytes: 0, isReusable: true });
});`;

const request = (id: number): PythonRequest => ({
  id,
  world: 0,
  seed: 0,
  past: [],
  cell: 1,
  code: `cell of ${id}`,
  limits: PYTHON_LIMITS,
  rerun: true,
});

test("a run that is aborted while its process starts is not run, and the process goes to the next one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-pool-"));
  const LOG = join(folder, "cells");
  const launch = { command: process.execPath, args: ["-e", SLOW_STARTER], env: { LOG }, setup: "{}" };
  const pool = new InterpreterPool({ name: "pyodide", fingerprint: "", launch }, 1, PYTHON_LIMITS.memoryBytes, Tally.allocate());
  try {
    const aborted = pool.submit(request(1));
    pool.abort(1);
    expect((await aborted).outcome.status).toBe("killed");
    for (const id of [2, 3]) expect((await pool.submit(request(id))).outcome.status).toBe("ok");
    expect(await readFile(LOG, "utf8")).toBe("cell of 2\ncell of 3\n");
  } finally {
    pool.close();
    await rm(folder, { recursive: true });
  }
});

async function runAll(codes: readonly string[], name: "pyodide" | "bwrap", rerun = true) {
  const folder = await mkdtemp(join(tmpdir(), "retool-pool-"));
  const LOG = join(folder, "cells");
  const launch = { command: process.execPath, args: ["-e", ANSWERING], env: { LOG }, setup: "{}" };
  const tally = Tally.allocate();
  const pool = new InterpreterPool({ name, fingerprint: "", launch }, 2, PYTHON_LIMITS.memoryBytes, tally);
  try {
    const runs = codes.map((code, i) => pool.submit({ ...request(i + 1), code, rerun }));
    const statuses = (await Promise.all(runs)).map(({ outcome }) => outcome.status);
    return { statuses, log: (await readFile(LOG, "utf8")).trim().split("\n"), restarts: tally.restarts };
  } finally {
    pool.close();
    await rm(folder, { recursive: true });
  }
}

test("what the clock ended is run again while nothing else is, once", async () => {
  const { statuses, log } = await runAll(["timeout 1", "ok 1", "timeout 9", "ok 2", "ok 3"], "pyodide");
  expect(statuses).toEqual(["ok", "ok", "timeout", "ok", "ok"]);
  for (const code of ["timeout 1", "timeout 9"]) {
    expect(log.filter((entry) => entry === `begin ${code}`)).toHaveLength(2);
    const again = log.lastIndexOf(`begin ${code}`);
    expect(log[again + 1]).toBe(`end ${code}`);
    expect(log.slice(0, again).filter((entry) => entry.startsWith("begin"))).toHaveLength(again / 2); // all had ended
  }
});

test.each([
  ["whose processor time is used up", "cpu 9", true],
  ["that is not to be run again", "timeout 9", false],
])("a run %s is a timeout at once", async (_name, code, rerun) => {
  const { statuses, log } = await runAll([code], "bwrap", rerun);
  expect({ statuses, log }).toEqual({ statuses: ["timeout"], log: [`begin ${code}`, `end ${code}`] });
});

test("a process of CPython that has run code is not used again, whatever it says", async () => {
  const codes = ["ok 1", "ok 2", "ok 3", "ok 4"];
  expect((await runAll(codes, "bwrap")).restarts).toBe(codes.length);
  expect((await runAll(codes, "pyodide")).restarts).toBe(0);
});

test.each([
  ["died 9", "killed", 1],
  ["crash 9", "infra", 2],
])("%s is %s after %i tries", async (code, status, tries) => {
  const { statuses, log } = await runAll([code], "pyodide");
  expect(statuses).toEqual([status]);
  expect(log.filter((entry) => entry === `begin ${code}`)).toHaveLength(tries);
});
