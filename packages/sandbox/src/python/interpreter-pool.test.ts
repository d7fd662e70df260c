import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Tally } from "../pool/tally.js";
import { InterpreterPool } from "./interpreter-pool.js";
import type { PythonRequest } from "./messages.js";
import { PYTHON_LIMITS } from "./python-limits.js";

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
