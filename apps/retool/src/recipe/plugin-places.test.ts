import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { useBuiltCommandLine } from "../../test/built-command-line.js";
import { registerCommands } from "../commands/index.js";
import { loadConfig } from "../config/load-config.js";
import { createProgram } from "../shell/command-line.js";
import { trainRecipe } from "./train-recipe.js";

const PLUGIN = fileURLToPath(new URL("../../test/fixtures/own-parts.mjs", import.meta.url));
const SMALL = [
  "backend=wasm",
  "budgets.maxResponseTokens=8",
  "train.steps=1",
  "train.promptsPerStep=2",
  "train.groupSize=2",
  "eval.problems=2",
];
const settings = (...more: readonly string[]) => [...SMALL, ...more].flatMap((set) => ["--set", set]);

const built = useBuiltCommandLine({ index: "src/index.ts" });
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-places-"));
  const small = { backend: "wasm", eval: { problems: 2 } } as const;
  await trainRecipe({ run: join(folder, "sft"), preset: "smoke", settings: small, parts: { sft: true, rl: false } });
});
afterAll(() => rm(folder, { recursive: true }));

async function command(...words: readonly string[]) {
  const said: string[] = [];
  const shell = quietShell();
  const reporter = { ...shell.reporter, say: (line: string) => void said.push(line) };
  await createProgram({ ...shell, reporter }, { quiet: false }, registerCommands).parseAsync([...words], { from: "user" });
  return { said, printed: shell.printed };
}

const REWARD = "export default { rewards: { fair: async () => ({ score: 0, correct: false, parts: {} }) } };\n";

test("plugins of a YAML file are seen from its folder, those of settings from the current one", async () => {
  await mkdir(join(folder, "recipes/parts"), { recursive: true });
  const file = join(folder, "recipes/run.yaml");
  await writeFile(file, "plugins: [parts/own.mjs]\n");
  expect((await loadConfig({ file })).plugins).toEqual([join(folder, "recipes/parts/own.mjs")]);
  expect((await loadConfig({ file, set: ["plugins=[x.mjs]"], plugins: ["y.mjs"] })).plugins).toEqual([
    join(process.cwd(), "x.mjs"),
    join(process.cwd(), "y.mjs"),
  ]);
});

test("a plugin that has moved is named anew on resume and for eval; other contents are told in one line", async () => {
  const [old, moved, run] = [join(folder, "own.mjs"), join(folder, "elsewhere/fair.mjs"), join(folder, "moved")];
  await writeFile(old, REWARD);
  await command("train", join(folder, "sft"), "--plugin", old, "--output", run, ...settings("reward.function=fair"));
  await mkdir(join(folder, "elsewhere"));
  await rename(old, moved);
  await expect(command("train", "--resume", "--output", run)).rejects.toThrow(/plugin: .*own\.mjs: expected a module, found no such file/);
  const same = await command("train", "--resume", "--output", run, "--plugin", moved);
  expect(same.said.filter((line) => line.includes("fair.mjs"))).toEqual([]);
  await writeFile(moved, `${REWARD}// another\n`);
  const other = await command("train", "--resume", "--output", run, "--plugin", moved);
  expect(other.said.filter((line) => line.includes("fair.mjs"))).toEqual([
    `${moved}: its contents are not those that the run began with: numbers may differ from those of one run`,
  ]);
  expect(JSON.parse((await command("eval", run, "--plugin", moved, "--json", "--limit", "1")).printed.join(""))).toMatchObject({ n: 1 });
});

test("--dry-run loads plugins, looks up names and reads the first rows, and says all that is wrong", async () => {
  const [plugin, rows, conversations] = ["own.mjs", "rows.jsonl", "sft.jsonl"].map((name) => join(folder, `dry-${name}`)) as [
    string,
    string,
    string,
  ];
  await writeFile(plugin, REWARD);
  await writeFile(rows, '{"frage":"1+1?","antwort":"2"}\n');
  await writeFile(conversations, '{"prompt":"1+1?"}\n');
  const wrong = [
    "reward.function=fare",
    "tools=[code_interpreter,look]",
    `data.train.path=${rows}`,
    `sft.stages.0.source.path=${conversations}`,
  ];
  const run = join(folder, "dry");
  const dry = command("quickstart", "--preset", "smoke", "--plugin", plugin, "--dry-run", "--output", run, ...settings(...wrong));
  const message = await dry.then(() => "no error", (error: Error) => error.message); // prettier-ignore
  expect(message).toMatch(/^config: 4 mistakes\n/);
  expect(message).toMatch(/reward\.function: expected one of the rewards fair, found fare\. To mend it: write "fair"/);
  expect(message).toMatch(/tools: expected the name of one of the tools of a plugin; there are none, found look/);
  expect(message).toMatch(/dry-rows\.jsonl.*frage/);
  expect(message).toMatch(/dry-sft\.jsonl.*expected a column messages/);
  await expect(command("sft", "--preset", "smoke", "--dry-run", ...settings("plugins=[absent.mjs]"))).rejects.toThrow(
    /absent\.mjs: expected a module/,
  );
  await expect(readFile(join(run, "config.yaml"))).rejects.toThrow();
});

test("two stages of one name are refused", async () => {
  const stage = "{name: one, steps: 1, batchSize: 2, learningRate: {peak: 1e-3}}";
  await expect(loadConfig({ set: [`sft.stages=[${stage},${stage}]`] })).rejects.toThrow(
    /sft\.stages\.1\.name: expected another name than that of stage 0, found "one"/,
  );
});

test("prompts longer than the model are counted, and refused when all are", async () => {
  const file = join(folder, "long.jsonl");
  const row = (question: string) => JSON.stringify({ question, answer: "1" });
  await writeFile(file, [row("short?"), row("long ".repeat(50))].join("\n"));
  const words = (...more: readonly string[]) => [
    "train",
    join(folder, "sft"),
    "--dry-run",
    ...settings(`data.test.path=${file}`, `data.train.path=${file}`, ...more),
  ];
  const { printed } = await command(...words("model.maxPositions=2048"));
  expect(printed.join("\n")).not.toContain("leave no room");
  await writeFile(file, [row("short?"), row("long ".repeat(5_000))].join("\n"));
  expect((await command(...words())).printed.join("\n")).toMatch(
    /prompts: 2 of the 4 that were read leave no room for a response in the model's 2,048 tokens/,
  );
  await writeFile(file, row("long ".repeat(5_000)));
  await expect(command(...words())).rejects.toThrow(
    /problems: prompts: expected prompts of fewer tokens than the model's 2,048, found all of the 2 that were read longer/,
  );
});

test("a plugin that stands outside of every install has the program's own copies of its packages", { timeout: 60_000 }, async () => {
  const plugin = join(folder, "outside.mjs");
  const source = await readFile(PLUGIN, "utf8");
  await writeFile(
    plugin,
    `import { definePlugin } from "retool";\nimport { defineTool } from "@retool-ts/rollout";\nif (typeof definePlugin !== "function" || typeof defineTool !== "function") throw new Error("not there");\n${source}`,
  );
  const run = join(folder, "outside");
  const own = [
    "tools=[lookup]",
    "reward.function=even-length",
    "data.train={kind: plugin, name: stores, options: {owner: Ada}}",
    "data.test.name=stores",
    "functions.loss=reinforce",
    "functions.advantage=raw",
  ];
  const { status, stderr } = spawnSync(
    process.execPath,
    [built.program("cli"), "train", join(folder, "sft"), "--plugin", plugin, "--output", run, "-q", ...settings(...own)],
    { cwd: folder, encoding: "utf8" },
  );
  expect([status, stderr]).toEqual([0, ""]);
  const [record] = (await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n");
  expect(JSON.parse(record!)).toMatchObject({ "own/tokens": 1 });
});
