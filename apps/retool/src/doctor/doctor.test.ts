import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DoctorCheck } from "./doctor-check.js";
import { doctor, renderCheck } from "./doctor.js";
import { checkDisk } from "./doctor-machine.js";

test("says that training can run here, as JSON", async () => {
  const printed: string[] = [];
  const ready = await doctor({ runs: tmpdir(), json: true, color: false, width: Infinity, print: (text) => printed.push(text) });
  const { ok, checks } = JSON.parse(printed.join("")) as { readonly ok: boolean; readonly checks: readonly DoctorCheck[] };
  expect(checks.filter(({ status }) => status === "problem")).toEqual([]);
  expect([ready, ok]).toEqual([true, true]);
  expect(checks.find(({ name }) => name === "speed")?.facts?.["gigaflops"]).toBeGreaterThan(0);
  const backend = checks.find(({ name }) => name === "chosen backend")?.facts?.["backend"];
  const fused = backend === "wasm" || checks.find(({ name }) => name === `backend ${backend}`)?.facts?.["kernels"] === true;
  expect(checks.find(({ name }) => name === "fused kernels")?.facts).toEqual({ fused });
  expect(checks.find(({ name }) => name === "tensor memory")?.facts?.["bytes"]).toBe(512 * 2 ** 20);
  expect(checks.find(({ name }) => name === "threads")?.facts?.["threads"]).toBeGreaterThan(0);
  expect(checks.find(({ name }) => name === "sandbox stops loops")?.facts).toEqual({ status: "fuel" });
});

test("a check is one line where there is room, and else no wider than the terminal", () => {
  const check = {
    name: "backend tfjs-node",
    status: "problem",
    detail: "not here: its native library is not installed",
    fix: "install it",
  } as const;
  expect(renderCheck(check, { color: false, width: Infinity }).split("\n")).toEqual([
    "PROBLEM  backend tfjs-node       not here: its native library is not installed",
    "                                 To mend it: install it.",
  ]);
  for (const width of [30, 50, 75]) {
    const lines = renderCheck(check, { color: false, width }).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(lines.map((line) => line.trim()).join(" ").replace(/ +/g, " ")).toBe("PROBLEM backend tfjs-node not here: its native library is not installed To mend it: install it."); // prettier-ignore
  }
});

test("a runs folder that cannot be made is a problem with a way out", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-doctor-"));
  try {
    writeFileSync(join(folder, "file"), "");
    const check = await checkDisk(join(folder, "file/runs"));
    expect(check.status).toBe("problem");
    expect(check.fix).toBe("pass a folder that can be written as --output");
    expect((await checkDisk(join(folder, "a/b/c"))).status).toBe("ok");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
