import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trainSmoke } from "../../test/train-smoke.js";
import { QUIET, quietShell } from "../../test/quiet-shell.js";
import { runCommand } from "../commands/recipe-run.js";
import { trainRecipe } from "./train-recipe.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-resume-"));
  await trainSmoke(folder, { train: { steps: 1, saveEvery: 1, promptsPerStep: 2, groupSize: 2 } });
});
afterAll(() => rm(folder, { recursive: true }));

const resume = (said: string[] = []) =>
  trainRecipe({ run: folder, resume: true, parts: { sft: false, rl: true }, reporter: { ...QUIET, say: (line) => void said.push(line) } });

/** Changes a file of the run for the time of a check. */
async function withFile(name: string, text: (before: string) => string, check: () => Promise<void>): Promise<void> {
  const path = join(folder, name);
  const before = await readFile(path);
  await writeFile(path, text(before.toString("utf8")));
  try {
    await check();
  } finally {
    await writeFile(path, before);
  }
}

const STATE = "checkpoints/step-000001/state.json";

describe("a run that cannot go on", () => {
  test.each([
    ["half a state", STATE, () => '{"phase": "rl", ', /state\.json: expected JSON, found/],
    [
      "a state of another phase",
      STATE,
      () => '{"phase": "dream"}',
      /state\.json: expected the state of a run as this version writes it, found phase/,
    ],
    [
      "a state with facts that this version does not know",
      STATE,
      (text: string) => text.replace("{", '{ "moon": 1,'),
      /found the state: Unrecognized key: "moon".*the one before/,
    ],
    ["a config that is no YAML", "config.yaml", () => "seed: 1\na: [", /config\.yaml:2:5: expected valid YAML, found/],
    ["a config that is a list", "config.yaml", () => "- a", /config\.yaml: expected a mapping of keys, found something else/],
    [
      "two mistakes in a config, each with its line and column",
      "config.yaml",
      (text: string) => `${text.replace(/^seed: .*$/m, "seed: many")}moon:\n  far: 1\n`,
      /config\.yaml:\d+:7: seed: expected .*found.*many[^]*config\.yaml:\d+:1: moon: expected/,
    ],
    [
      "a config with a key of a newer version",
      "config.yaml",
      (text: string) => `moon: 1\n${text}`,
      /config\.yaml:1:1: moon: expected one of the keys/,
    ],
    ["metrics with a broken line", "metrics.jsonl", (text: string) => `oops\n${text}`, /metrics\.jsonl:1: expected a JSON object/],
  ])("%s is told in one sentence", async (_, name, text, message) => {
    await withFile(name, text, () =>
      expect(resume()).rejects.toMatchObject({ name: "InputError", message: expect.stringMatching(message) }),
    );
    expect((await readdir(folder)).filter((file) => file.startsWith(".lock"))).toEqual([]);
  });

  test("weights that were cut off are told in one sentence", async () => {
    const path = join(folder, "checkpoints/step-000001/model.safetensors");
    const before = await readFile(path);
    await truncate(path, 1_000);
    await expect(resume()).rejects.toMatchObject({
      name: "InputError",
      message: expect.stringMatching(/model\.safetensors.*To mend it: remove .*step-000001 to go on from the checkpoint before it/),
    });
    await writeFile(path, before);
  });

  test("another process at work in the folder is left alone", async () => {
    const lock = join(folder, `.lock~${process.ppid}~~0~${hostname()}`);
    await writeFile(lock, "");
    await expect(resume()).rejects.toThrow(`found process ${process.ppid} at work`);
    await rm(lock);
  });
});

test("another version is named, and a finished run stays as it is", async () => {
  const metrics = await readFile(join(folder, "metrics.jsonl"));
  const said: string[] = [];
  await withFile(
    "manifest.json",
    (text) => text.replace(/"retool": "[^"]*"/, '"retool": "99.0.0"'),
    async () => {
      await resume(said);
      await withFile(
        "config.yaml",
        (text) => `moon: 1\n${text}`,
        () => expect(resume()).rejects.toThrow("(the run was begun with retool 99.0.0, this is"),
      );
    },
  );
  expect(said.find((line) => line.includes("99.0.0"))).toMatch(/^the run was begun with retool 99\.0\.0, this is .*: numbers may differ/);
  expect((await readFile(join(folder, "metrics.jsonl"))).equals(metrics)).toBe(true);
});

describe("options that do not go together", () => {
  const train = (changes: object) =>
    runCommand("train", { sft: false, rl: true }, { set: [], output: folder, resume: false, dryRun: false, ...changes }, quietShell());

  test.each([
    ["the model elsewhere", { model: "elsewhere" }],
    ["--set", { set: ["seed=2"] }],
    ["--preset", { preset: "tiny" }],
    ["--config", { config: "a.yaml" }],
  ])("%s beside --resume", async (found, changes) => {
    await expect(train({ resume: true, ...changes })).rejects.toThrow(`beside it, found ${found}. To mend it: leave it out`);
  });
});
