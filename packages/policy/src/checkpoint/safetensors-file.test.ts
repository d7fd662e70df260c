import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SafetensorsFile, writeSafetensors } from "./safetensors-file.js";

test("a tensor that is read in several pieces keeps its values in place", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-safetensors-"));
  const path = join(folder, "x.safetensors");
  const expected = Float32Array.from({ length: 4_200_001 }, (_, i) => i % 2_039); // 8.4 MB; whole numbers that half floats hold
  await writeSafetensors(path, [{ name: "x", shape: [expected.length], values: async () => expected }], {}, "float16");
  const file = await SafetensorsFile.open(path);
  const values = await file.read("x", [expected.length]);
  await file.close();
  await rm(folder, { recursive: true });
  expect(values.findIndex((value, i) => value !== expected[i])).toBe(-1);
});
