import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
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

/** Accuracy on 200 held-out problems as `retool eval` finds it. */
async function evaluated(folder: string): Promise<number> {
  const settings = ["--set", "eval.problems=200", "--set", "backend=wasm", "--json"];
  const { stdout } = await run(process.execPath, [join(ROOT, "apps/retool/dist/cli.js"), "eval", folder, ...settings]);
  return (JSON.parse(stdout) as { accuracy: number }).accuracy;
}

test("the page's world is the quickstart's: `retool eval` finds the same accuracy on the same problems", async () => {
  await using sandbox = await createSandbox({ seed: 1, limits: SANDBOX_LIMITS });
  const session = await Session.open(await readModel(), sandbox);
  expect((await session.measure(DEFAULT_SETTINGS)).accuracy).toBe(await evaluated(MODEL_FOLDER));
  session.dispose();
});

test("what the page lets one download after training, `retool eval` opens, and finds as good as the page does", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-download-"));
  await using sandbox = await createSandbox({ seed: 1, limits: SANDBOX_LIMITS });
  const session = await Session.open(await readModel(), sandbox);
  try {
    const listener = { onMeasure: () => {}, onStep: async () => {} };
    await session.train({ ...DEFAULT_SETTINGS, steps: 4, groupSize: 4 }, listener, new AbortController().signal);
    const files = await session.files();
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    const opened = await Session.open(files, sandbox); // with the random numbers of step 0, as the command has them
    const { accuracy } = await opened.measure(DEFAULT_SETTINGS);
    opened.dispose();
    expect(accuracy).toBeGreaterThan(0.55); // more than the model that training begins with
    expect(await evaluated(folder)).toBe(accuracy);
  } finally {
    session.dispose();
    await rm(folder, { recursive: true, force: true });
  }
});
