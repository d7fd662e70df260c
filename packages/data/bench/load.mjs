// node bench/load.mjs FOLDER [another build's node.js]: CPU seconds of loading the tokenizer of a folder, medians; beside another build's, and
// where RETOOL_BENCH_PYTHON has the package `tokenizers`, beside Rust's; in turn, each load in a process of its own. Prints one JSON line.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROUNDS = 5;
const [folder, other] = process.argv.slice(2);
const { RETOOL_BENCH_PYTHON: python } = process.env;
const script = (url) => `
  const { loadTokenizer } = await import(${JSON.stringify(url)});
  const before = process.cpuUsage();
  await loadTokenizer(${JSON.stringify(resolve(folder))});
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / 1e6);`;
const peer = `
import time, tokenizers
before = time.process_time()
tokenizers.Tokenizer.from_file(${JSON.stringify(join(resolve(folder), "tokenizer.json"))})
print(time.process_time() - before)`;
const node = (url) => [process.execPath, ["--input-type=module", "-e", script(url)]];
const loads = { this: node(new URL("../dist/node.js", import.meta.url).href) };
if (other !== undefined) loads.other = node(pathToFileURL(resolve(other)).href);
if (python === undefined) console.log("peer skipped: set RETOOL_BENCH_PYTHON to a Python with tokenizers");
else loads.rust = [python, ["-c", peer]];

const seconds = Object.fromEntries(Object.keys(loads).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, [program, args]] of Object.entries(loads)) {
    const { stdout, stderr, status } = spawnSync(program, args, { encoding: "utf8", cwd: fileURLToPath(new URL("..", import.meta.url)) });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    seconds[name].push(Number(stdout));
  }
}
const figures = Object.entries(seconds).map(([name, values]) => [
  `${name}_cpu_s`,
  Number(values.toSorted((a, b) => a - b)[ROUNDS >> 1].toPrecision(3)),
]);
console.log(JSON.stringify(Object.fromEntries(figures)));
