import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DoctorCheck } from "./doctor-check.js";
import { doctor } from "./doctor.js";
import { checkDisk } from "./doctor-machine.js";

test("says that training can run here, as JSON", async () => {
  const printed: string[] = [];
  const ready = await doctor({ runs: tmpdir(), json: true, color: false, print: (text) => printed.push(text) });
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
