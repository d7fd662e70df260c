// `pnpm check`: what a change must pass. One line per step; a failing step prints its output. `--no-tests` leaves out the tests,
// `--only NAME` runs the steps whose name starts with NAME.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBuilt, ensureInstalled, localEnvironment, root } from "./bootstrap.mjs";
import { importGraph } from "./graph.mjs";
import { brokenLinks } from "./site-links.mjs";
import { outsideReferences } from "./site-references.mjs";

const { values: options } = parseArgs({ options: { "no-tests": { type: "boolean" }, only: { type: "string" } } });

const packages = ["packages", "apps"].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
const manifests = packages.map((folder) => ({ folder, ...JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) }));
const published = manifests.filter((manifest) => manifest.private !== true);
const scratch = mkdtempSync(join(tmpdir(), "retool-check-"));

/** Name and work of each step, in order. Work returns what to print, and throws on failure. */
const steps = [
  ["format", () => tool("oxfmt", ["--check"])],
  ["lint", () => tool("oxlint", ["--type-aware"])],
  ["graph", checkGraph],
  ["types", checkTypes],
  ["changesets", () => tool("changeset", ["status"])],
  ["pack", () => each(published, pack)],
  ["publint", () => each(published, (manifest) => tool("publint", ["run", tarball(manifest), "--strict"]))],
  ["tarball types", () => each(published, (manifest) => tool("attw", [tarball(manifest), "--profile", "esm-only", "--no-emoji"]))],
  ["tarballs under plain Node", importTarballs],
  ["docs", buildDocs],
  ["tests", () => run(process.execPath, ["scripts/run.mjs", "test"])],
];

let failures = 0;
try {
  await ensureInstalled();
  if (options.only !== "graph") await ensureBuilt({ declarations: true });
  for (const [name, work] of steps) {
    if (options["no-tests"] && name === "tests") continue;
    if (options.only !== undefined && !name.startsWith(options.only) && !(name === "pack" && readsTarballs(options.only))) continue;
    failures += (await passes(name, work)) ? 0 : 1;
  }
} catch (error) {
  console.log(error.expected ? error.message : error.stack);
  failures += 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;

function readsTarballs(name) {
  return /publint|tarball/.test(name);
}

async function passes(name, work) {
  const start = performance.now();
  const line = (verdict) => console.log(`${verdict}  ${name}  ${((performance.now() - start) / 1000).toFixed(1)} s`);
  try {
    await work();
    line("ok  ");
    return true;
  } catch (error) {
    line("FAIL");
    console.log(error.output ?? error.stack);
    return false;
  }
}

/** Runs `work` for every item, as many at a time as there are cores; collects the output of all that fail. */
async function each(items, work) {
  const waiting = [...items];
  const outputs = [];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      await work(item).catch((error) => outputs.push(error.output ?? error.stack));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (outputs.length > 0) throw Object.assign(new Error("failed"), { output: outputs.join("\n") });
}

function tool(name, args) {
  return run(join(root, "node_modules/.bin", name), args);
}

/** Runs a program, quietly: its output is on the error, should it fail. */
function run(program, args, { cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: localEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(Object.assign(new Error(`${program} failed`), { output: `$ ${[program, ...args].join(" ")}\n${output}` }));
    });
  });
}

/**
 * One program over all packages, which read each other's sources: one each would read them all many times. All have the base's options.
 */
async function checkTypes() {
  const file = join(root, ".retool/tsconfig.check.json");
  const include = packages.flatMap((folder) => [`../${folder}/src`, `../${folder}/test`]);
  writeFileSync(
    file,
    JSON.stringify({ extends: "../tsconfig.base.json", compilerOptions: { typeRoots: ["../node_modules/@types"] }, include }),
  );
  await each([file, "docs"], (project) => tool("tsc", ["--noEmit", "-p", project]));
}

/** Prints who imports from whom; a circle, an arrow up or an undeclared import fails. */
async function checkGraph() {
  const { text, faults } = importGraph(root);
  console.log(text);
  if (faults.length > 0) throw Object.assign(new Error("graph"), { output: faults.join("\n") });
}

function tarball({ name, version }) {
  return join(scratch, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
}

function pack(manifest) {
  return run(join(root, "node_modules/.bin/pnpm"), ["pack", "--pack-destination", scratch], { cwd: join(root, manifest.folder) });
}

/** Installs all tarballs with npm into an empty folder and imports each by name, with no condition of this repository set. */
async function importTarballs() {
  const folder = join(scratch, "consumer");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await run("npm", ["install", "--omit=optional", "--no-audit", "--no-fund", ...published.map(tarball)], { cwd: folder });
  await each(published, ({ name }) =>
    run(process.execPath, ["--input-type=module", "--eval", `await import(${JSON.stringify(name)})`], { cwd: folder }),
  );
  for (const command of published.flatMap(({ bin = {} }) => Object.keys(bin))) {
    await run(join(folder, "node_modules/.bin", command), ["--help"], { cwd: folder });
  }
}

/** Builds the site (undocumented exports fail it), follows its links, and looks for anything a page would load from elsewhere. */
async function buildDocs() {
  await run(join(root, "node_modules/.bin/pnpm"), ["--filter", "@retool-ts/docs", "run", "check"]);
  const site = join(root, "docs/.vitepress/dist");
  const broken = brokenLinks(site, process.env.DOCS_BASE);
  if (broken.length > 0) throw Object.assign(new Error("links"), { output: `Links of the site that lead nowhere:\n${broken.join("\n")}` });
  const found = outsideReferences(site);
  if (found.length > 0) throw Object.assign(new Error("outside"), { output: `The site loads from outside:\n${found.join("\n")}` });
}
