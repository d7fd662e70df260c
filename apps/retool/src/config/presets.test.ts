import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { loadConfig } from "./load-config.js";
import { PRESET_NAMES, PRESET_TABLE, type Preset, type PresetName } from "./presets.js";
import { runCommand } from "../commands/recipe-run.js";
import { addConfigOptions } from "../commands/run-options.js";

const context = quietShell();

const published = PRESET_NAMES.flatMap((name) => {
  const { published: preset }: Preset = PRESET_TABLE[name];
  return preset ? [{ name, ...preset }] : [];
});

test("help, the guide and the message for an unknown name have every preset of the table, in its words", async () => {
  const guide = readFileSync(join(import.meta.dirname, "../../../../docs/guide/recipe.md"), "utf8");
  const rows = Object.entries(PRESET_TABLE).map(([name, { meaning, needs }]) => `| \`${name}\` | ${meaning} | ${needs} |`);
  expect(guide).toContain(`| preset | recipe | it needs |\n| --- | --- | --- |\n${rows.join("\n")}\n\n`);
  const help = addConfigOptions(new Command()).configureHelp({ helpWidth: 10_000 }).helpInformation();
  for (const [name, { meaning }] of Object.entries(PRESET_TABLE)) expect(help).toContain(`${name} (${meaning};`);
  await expect(loadConfig({ preset: "absent" as PresetName })).rejects.toThrow(
    `expected one of ${Object.keys(PRESET_TABLE).join(", ")}, found "absent"`,
  );
});

test.each(PRESET_NAMES)("preset %s is a config", async (preset) => {
  await expect(loadConfig({ preset })).resolves.toBeDefined();
});

describe.each(published)("preset $name", ({ name: preset, model, config }) => {
  const run = (dryRun: boolean) =>
    runCommand("train", { sft: true, rl: true }, { preset, set: [], output: "absent", resume: false, dryRun }, context);

  test("a dry run prints the config, what it needs, and where its values come from", async () => {
    await run(true);
    const text = context.printed.at(-1)!;
    for (const part of ["promptsPerStep:", `model        ${model}`, "KV cache", "FLOP", "values from", "verdict"])
      expect(text).toContain(part);
  });

  test("a dry run names every dataset that is read, by its name on the hub where it has one", async () => {
    await run(true);
    const isGenerated = !("data" in config);
    const lines = context.printed
      .at(-1)!
      .split("\n")
      .filter((line) => / = (hub:.* \(downloaded unless the cache has it\)|text-cold-start\.jsonl \(not here\))$/.test(line));
    expect(lines.map((line) => line.trim().split(" = ")[0])).toEqual(
      isGenerated ? [] : ["sft.stages.0.source.path", "data.train.path", "data.test.path"],
    );
    for (const line of lines) expect(line).toMatch(/columns .*(messages|prompt|roblem)|text-cold-start/);
  });

  test("without weights it does not begin", async () => {
    await expect(run(false)).rejects.toThrow(`preset ${preset}: model.from: expected the weights of ${model}, found none`);
  });
});

test("the largest are beyond a machine such as this one, and the plan says so plainly", async () => {
  await runCommand(
    "train",
    { sft: true, rl: true },
    { preset: "verl-grpo-32b", set: [], output: "absent", resume: false, dryRun: true },
    context,
  );
  expect(context.printed.at(-1)).toMatch(/this machine cannot run it: .*it would take about [\d,]+ (days|years)/);
});

test("mini-batches are the recipes': 64 and 16 prompts, and everything at once", async () => {
  const perUpdate = async (preset: PresetName) => {
    const { train } = await loadConfig({ preset });
    return [train.promptsPerStep / train.updatesPerStep, train.groupSize];
  };
  expect(await perUpdate("verl-grpo-32b")).toEqual([64, 16]);
  expect(await perUpdate("verl-grpo-7b")).toEqual([16, 16]);
  expect(await perUpdate("verl-ppo-32b")).toEqual([256, 1]);
  expect(await perUpdate("slime-4b")).toEqual([32, 8]);
  expect(await perUpdate("qwen2.5-32b-paper")).toEqual([512, 1]);
});
