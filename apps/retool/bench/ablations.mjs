// The figures of docs/guide/ablations.md: trains and evaluates what ablation-plan.mjs lists, two processes at a time, and prints them as tables.
// Usage: node bench/ablations.mjs [folder]. What the folder already has is not run again. About 15 minutes on two cores.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CPU_METER } from "../../../scripts/cpu-meter.mjs";
import { trainRecipe } from "../dist/index.js";
import { EVALUATIONS, RUNS } from "./ablation-plan.mjs";

const folder = resolve(process.argv[2] ?? "runs/ablations");
const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
mkdirSync(folder, { recursive: true });

const path = (...parts) => join(folder, ...parts);
const lines = (file) =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const coldStarts = Object.entries(RUNS).filter(([, { from }]) => from === undefined);
await inPairs(coldStarts, train);
await inPairs(
  Object.entries(RUNS).filter(([, { from }]) => from !== undefined),
  train,
);
await inPairs(Object.entries(EVALUATIONS), evaluate);
await randomWeights();
report();

/** Runs the command line and returns what it wrote; throws what it complained of. */
function command(cpuFile, ...words) {
  const child = spawn(process.execPath, ["--import", CPU_METER, CLI, ...words, "-q"], {
    env: { ...process.env, CPU_FILE: cpuFile, CPU_PARENT: String(process.pid) },
  });
  let [out, complaint] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (complaint += text));
  return new Promise((done, fail) =>
    child.on("close", (code) => (code === 0 ? done(out) : fail(new Error(`${words.join(" ")}: ${complaint}`)))),
  );
}

async function train([name, { command: what, from, set }]) {
  if (existsSync(path(`${name}.cpu`))) return;
  rmSync(path(name), { recursive: true, force: true });
  const origin = from === undefined ? ["--preset", "tiny"] : [path(from)];
  await command(path(`${name}.cpu`), what, ...origin, "--output", path(name), ...set.flatMap((setting) => ["--set", setting]));
  console.error(`trained ${name}`);
}

async function evaluate([name, { run, stage, set, samples }]) {
  const file = path(`${name.replaceAll(" ", "-")}.json`);
  if (existsSync(file)) return;
  const checkpoint = stage === undefined ? path(run) : path(run, "checkpoints", `step-${String(codeSteps(run)).padStart(6, "0")}`);
  const settings = set.flatMap((setting) => ["--set", setting]);
  const cpu = file.replace(/json$/, "cpu");
  const options = ["--limit", "600", "--samples", String(samples), "--json", ...settings];
  writeFileSync(file, await command(cpu, "eval", checkpoint, ...options));
  console.error(`evaluated ${name}`);
}

/** Steps of the stage that shows nothing but code. */
function codeSteps(run) {
  const [first] = lines(path(run, "metrics.jsonl"));
  return lines(path(run, "metrics.jsonl"))
    .filter(({ stage }) => stage === first.stage)
    .at(-1).step;
}

async function randomWeights() {
  if (existsSync(path("random", "summary.json"))) return;
  await trainRecipe({ run: path("random"), preset: "tiny", settings: { train: { steps: 15 } }, parts: { sft: false, rl: true } });
}

async function inPairs(items, work) {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

function report() {
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  const cpu = (name) => `${Number(readFileSync(path(`${name.replaceAll(" ", "-")}.cpu`), "utf8")).toFixed(1)} s`;
  const result = (name) => JSON.parse(readFileSync(path(`${name.replaceAll(" ", "-")}.json`), "utf8"));
  const interval = ({ accuracy, ci95: [low, high] }) => `${percent(accuracy)} (${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)})`;
  const table = (title, rows) => console.log(`\n${title}\n${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}`);

  console.log(`code stage: ${codeSteps("cold-start")} steps, plain ${codeSteps("plain")}; cold start: ${cpu("cold-start")}`);
  const summaries = ["rl", "no-mask", "ppo"].flatMap((name) => [1, 2].map((seed) => `${name}-${seed}`));
  table(
    "run | step 10 | 20 | 50 | level 3 at 50 | critic's explained variance | processor time",
    summaries.map((name) => {
      const records = lines(path(name, "metrics.jsonl")).filter(({ phase }) => phase === "rl");
      const { final } = JSON.parse(readFileSync(path(name, "summary.json"), "utf8")).phases;
      const at = (step) => percent(records.find((record) => record["rl/step"] === step)["eval/accuracy"]);
      const explained = records.at(-1)["value/explained_variance"];
      return [name, at(10), at(20), percent(final.accuracy), percent(final.levels["3"].accuracy), explained?.toFixed(2) ?? "", cpu(name)];
    }),
  );
  const policies = ["code", "cold", "rl-1", "rl-2"];
  const cells = (cell) => policies.map(cell);
  table("evaluated | after the code stage | cold start | RL, seed 1 | RL, seed 2", [
    ["nothing", ...cells((policy) => interval(result(`${policy} usual`)))],
    ...["1", "2", "3"].map((level) => [`level ${level}`, ...cells((policy) => percent(result(`${policy} usual`).levels[level].accuracy))]),
    ...["level3", "reordered", "newWords", "noHelpers"].map((change) => [
      change,
      ...cells((policy) => interval(result(`${policy} ${change}`))),
    ]),
  ]);
  const families = ["multiply-add", "linear-recurrence"];
  for (const change of ["reordered", "noHelpers"])
    table(
      `${change}, by family`,
      Object.keys(result("code usual").families)
        .filter((family) => change === "noHelpers" || families.includes(family))
        .map((family) => [family, ...cells((policy) => percent(result(`${policy} ${change}`).families[family].accuracy))]),
    );
  table("level 3 | code stage | RL | RL, mostly level 3", [
    ["seed 1", ...["code", "rl-1", "hard-1"].map((name) => interval(result(`${name} level3`)))],
    ["seed 2", ...["code", "rl-2", "hard-2"].map((name) => interval(result(`${name} level3`)))],
    ["all levels, seed 1", "", "", interval(result("hard-1 usual"))],
  ]);
  table(
    "without helpers | all | 1 | 2 | 3 | code ratio | tokens",
    ["plain code", "plain cold", "plain rl"].map((name) => {
      const { levels, codeRatio, meanTokens, ...all } = result(name);
      return [name, interval(all), ...["1", "2", "3"].map((l) => percent(levels[l].accuracy)), percent(codeRatio), meanTokens.toFixed(1)];
    }),
  );
  const same = JSON.stringify(result("cache")) === JSON.stringify(result("no cache"));
  console.log(`\ncache: ${cpu("cache")}, without ${cpu("no cache")}, ${same ? "the same figures" : "DIFFERENT FIGURES"}`);
  const random = lines(path("random", "metrics.jsonl"));
  const right = random.reduce((sum, record) => sum + (record["reward/accuracy"] ?? 0), 0);
  const norm = Math.max(...random.map((record) => record["optim/grad_norm"] ?? 0));
  console.log(
    `random weights: right ${right}, largest gradient norm ${norm}, groups that score the same ${random.at(-1)["group/zero_variance_share"]}`,
  );
}
