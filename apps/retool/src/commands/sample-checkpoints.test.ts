import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stringify } from "yaml";
import { QUIET, quietShell } from "../../test/quiet-shell.js";
import { createProgram } from "../shell/command-line.js";
import { registerCommands } from "./index.js";
import { loadConfig } from "../config/load-config.js";
import { setUpModel } from "../setup/model-setup.js";
import { saveModelFolder } from "../setup/save-model.js";
import { createRunFolder, type RunFolder, stepName } from "@retool-ts/runs";
import { heldOutProblems } from "../setup/held-out-problems.js";
import { sampleCheckpoints } from "./sample-checkpoints.js";

const SETTINGS = ["backend=wasm", "budgets.maxResponseTokens=12", "model.headStd=0.5"];

let folder: string;
let run: RunFolder;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-checkpoints-"));
  run = await createRunFolder(join(folder, "run"));
  await run.writeConfig(stringify(await loadConfig({ preset: "smoke", set: SETTINGS })));
});
afterEach(() => rm(folder, { recursive: true }));

/** A checkpoint with random weights by this seed; finished unless told. */
async function keepCheckpoint(step: number, seed: number, isFinished = true): Promise<void> {
  const model = await setUpModel(await loadConfig({ preset: "smoke", set: [...SETTINGS, `seed=${seed}`] }));
  const checkpoint = run.file("checkpoints", stepName(step));
  await saveModelFolder(checkpoint, model);
  model.dispose();
  if (isFinished) await writeFile(join(checkpoint, "state.json"), "{}\n");
}

test("every finished checkpoint rolls out the same first problems with its own weights; the page shows them side by side", async () => {
  for (const [step, seed] of [[5, 1], [10, 2], [20, 1]] as const) await keepCheckpoint(step, seed); // prettier-ignore
  await keepCheckpoint(30, 3, false);
  const shell = quietShell();
  const words = ["report", run.path, "--checkpoints", "2", "--open", "false"];
  await createProgram(shell, { quiet: true }, registerCommands).parseAsync(words, { from: "user" });

  const records = await run.readTrajectories("checkpoints");
  const problems = await heldOutProblems(await loadConfig({ preset: "smoke", set: SETTINGS }), 2);
  const expected = [5, 10, 20].flatMap((step) => problems.map(({ id }) => ({ phase: "checkpoint", step, problemId: id, sampleIndex: 0 })));
  expect(records).toMatchObject(expected);
  expect(records).toHaveLength(expected.length);
  const sampled = (step: number) => records.filter((record) => record.step === step).map(({ segments }) => segments);
  expect(sampled(20)).toEqual(sampled(5)); // equal weights and the same random numbers
  expect(sampled(10)).not.toEqual(sampled(5));

  const page = await readFile(shell.printed[0]!, "utf8");
  const strips = page.split(/<div class="strip"[^>]*>/).slice(1);
  expect(strips).toHaveLength(2);
  for (const strip of strips) expect(strip.match(/\bstep \d+/g)?.slice(0, 3)).toEqual(["step 5", "step 10", "step 20"]);
});

test("with fewer than three checkpoints it says that more are needed", async () => {
  await keepCheckpoint(5, 1);
  const said: string[] = [];
  const shell = quietShell({ reporter: { ...QUIET, say: (line) => void said.push(line) } });
  const words = ["report", run.path, "--checkpoints", "1", "--json"];
  await createProgram(shell, { quiet: true }, registerCommands).parseAsync(words, { from: "user" });
  expect(said).toEqual([expect.stringMatching(/kept 1 checkpoints; three are needed .*train\.keepCheckpoints/)]);
  expect(JSON.parse(shell.printed[0]!)).toMatchObject({ steps: [] }); // these rollouts are to be read, not measured
});

test("interrupted, it leaves what was kept before", async () => {
  await keepCheckpoint(5, 1);
  await sampleCheckpoints(run.path, 1, quietShell());
  const before = await readFile(run.file("trajectories/checkpoints.jsonl.gz"));
  await keepCheckpoint(10, 2);
  const controller = new AbortController();
  const reporter = { ...QUIET, progress: () => ({ update: () => controller.abort(), done() {} }) };
  const interrupted = sampleCheckpoints(run.path, 1, quietShell({ reporter, signal: controller.signal }));
  await expect(interrupted).rejects.toMatchObject({ name: "AbortError" });
  expect(await readFile(run.file("trajectories/checkpoints.jsonl.gz"))).toEqual(before);
});

test.each(["0", "-1", "2.5", "many"])("--checkpoints %s is refused before anything is sampled", async (count) => {
  const words = ["report", run.path, `--checkpoints=${count}`];
  const asked = createProgram(quietShell(), { quiet: true }, registerCommands).parseAsync(words, { from: "user" });
  await expect(asked).rejects.toThrow(`argument '${count}' is invalid. A whole number from 1 is needed.`);
});
