// The figures of docs/guide/agents.md: each agent trained as it is, and the recipe's own loop on the same problems, from a cold start of each
// seed's own. Usage: node bench/agents.mjs [folder [seeds]]. What the folder already has is not run again. About 20 CPU minutes for three seeds.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CPU_METER } from "../../../scripts/cpu-meter.mjs";

const folder = resolve(process.argv[2] ?? "runs/agents");
const seeds = (process.argv[3] ?? "1,2,3").split(",");
const CLI = fileURLToPath(new URL("../../retool/dist/cli.js", import.meta.url));
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
/** Every way to train runs with every seed. */
const ARMS = ["ai-sdk", "openai", "mcp", "own"];
mkdirSync(folder, { recursive: true });

const cold = (seed) => join(folder, `cold-${seed}`);
for (const seed of seeds) await once(cold(seed), [CLI, "sft", "--preset", "tiny", "--set", `seed=${seed}`, "--output", cold(seed), "-q"]);
const rows = [];
for (const arm of ARMS) {
  for (const seed of seeds) {
    const run = join(folder, `${arm}-${seed}`);
    const own = [CLI, "train", cold(seed), "--set", `seed=${seed}`, "--output", run, "-q"];
    const cpu = await once(run, arm === "own" ? own : [MAIN, arm, cold(seed), run, seed]);
    const { coldStart, final } = JSON.parse(readFileSync(join(run, "summary.json"), "utf8")).phases;
    rows.push({ arm, seed, before: coldStart, after: final, cpu });
  }
}
console.log(`| arm | seed | before | after | CPU seconds |\n| --- | --- | --- | --- | --- |`);
for (const { arm, seed, before, after, cpu } of rows)
  console.log(`| ${arm} | ${seed} | ${text(before)} | ${text(after)} | ${Math.round(cpu)} |`);
for (const { arm, seed, before, after } of rows)
  if (before.ci95[1] >= after.ci95[0]) console.log(`${arm}, seed ${seed}: the intervals overlap`);

/** Runs a program unless its run is there, and returns the CPU seconds that it took. */
async function once(run, words) {
  const file = `${run}.cpu`;
  if (!existsSync(file)) {
    rmSync(run, { recursive: true, force: true });
    const env = { ...process.env, CPU_FILE: `${file}.new`, CPU_PARENT: String(process.pid) };
    const child = spawn(process.execPath, ["--import", CPU_METER, ...words], { env, stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (part) => (complaint = (complaint + part).slice(-2_000)));
    const code = await new Promise((end) => child.on("close", end));
    if (code !== 0) throw new Error(`${words.slice(1).join(" ")}: ${complaint}`);
    renameSync(`${file}.new`, file);
    console.error(`made ${run}`);
  }
  return Number(readFileSync(file, "utf8"));
}

function text({ accuracy, ci95: [low, high] }) {
  const percent = (share) => (100 * share).toFixed(1);
  return `${percent(accuracy)} % (${percent(low)} to ${percent(high)})`;
}
