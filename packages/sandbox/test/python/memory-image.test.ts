import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createSandbox } from "../../src/index.js";
import { python } from "./backends.js";

/** The memory that Pyodide's worlds begin with, made anew. */
async function freshImage(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "retool-image-"));
  try {
    await using sandbox = await createSandbox({ ...python("pyodide"), workers: 1, python: { ...python("pyodide").python, folder } });
    expect((await sandbox.run("6 * 7")).feedback).toBe("42");
    const [name] = readdirSync(join(folder, "snapshots"));
    return readFileSync(join(folder, "snapshots", name!));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the memory that worlds begin with is the same whenever it is made, and names no place of this machine", async () => {
  const [first, second] = [await freshImage(), await freshImage()];
  expect(first.equals(second)).toBe(true);
  const places = [resolve(dirname(fileURLToPath(import.meta.url)), "../.."), "pyodide-child"];
  expect(places.filter((place) => first.includes(place))).toEqual([]);
}, 180_000);
