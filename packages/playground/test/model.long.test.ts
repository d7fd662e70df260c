import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createSandbox } from "@retool-ts/sandbox";
import { expect, test } from "vitest";
import { SANDBOX_LIMITS } from "../src/session/environment.js";
import { Session } from "../src/session/session.js";
import { DEFAULT_SETTINGS } from "../src/settings.js";
import { MODEL_FOLDER, readModel } from "./model-files.js";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../../..");

test("the script makes the page's model, to the byte", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-model-"));
  try {
    await run(process.execPath, [join(import.meta.dirname, "../scripts/make-model.mjs"), join(folder, "model")]);
    expect((await readdir(join(folder, "model"))).sort()).toEqual((await readdir(MODEL_FOLDER)).sort());
    for (const name of await readdir(MODEL_FOLDER)) {
      expect((await readFile(join(folder, "model", name))).equals(await readFile(join(MODEL_FOLDER, name))), name).toBe(true);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("the page's world is the quickstart's: `retool eval` finds the same accuracy on the same problems", async () => {
  const command = [
    join(ROOT, "apps/retool/dist/cli.js"),
    "eval",
    MODEL_FOLDER,
    "--set",
    "eval.problems=200",
    "--set",
    "backend=wasm",
    "--json",
  ];
  const { stdout } = await run(process.execPath, command);
  const { accuracy } = JSON.parse(stdout) as { accuracy: number };
  await using sandbox = await createSandbox({ seed: 1, limits: SANDBOX_LIMITS });
  const session = await Session.open(await readModel(), sandbox);
  expect((await session.measure(DEFAULT_SETTINGS)).accuracy).toBe(accuracy);
  session.dispose();
});
