// `npm run test:install`: installs the packages as a user does, from tarballs, with npm and pnpm on several Nodes (packages of npm), and
// runs the examples of their READMEs there under plain Node. `--node 22,24` and `--with npm` choose. Ends with `N passed, N failed`.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build, transform } from "esbuild";
import { parse } from "yaml";
import { ensureBuilt, ensureInstalled, localEnvironment, root } from "./bootstrap.mjs";

const { values: options } = parseArgs({
  options: { node: { type: "string", default: "20,22,24" }, with: { type: "string", default: "npm,pnpm" } },
});

await ensureInstalled();
await ensureBuilt({ declarations: true });
const scratch = mkdtempSync(join(tmpdir(), "retool-install-"));
const published = ["packages", "apps"]
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
  .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
  .filter((manifest) => manifest.private !== true);
const EXPECT = "30.5.2"; // the matchers of the examples, under plain Node
const { catalog } = parse(readFileSync(join(root, "pnpm-workspace.yaml"), "utf8"));
const pnpm = join(root, "node_modules/.bin/pnpm");

let [passed, failed] = [0, 0];
try {
  for (const { folder } of published) await run(pnpm, ["pack", "--pack-destination", scratch], { cwd: folder });
  const examples = await readExamples();
  const others = [...new Set(examples.flatMap(({ imports }) => imports))];
  for (const major of options.node.split(",")) {
    const bin = await nodeOf(major);
    for (const manager of options.with.split(",")) await tryOut({ major, bin, manager, examples, others });
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** Runs the examples of every README as modules that check what they promise. */
async function readExamples() {
  const bundle = join(scratch, "fences.mjs");
  const entry = join(root, "docs/test/fences.ts");
  await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", external: ["typescript"], outfile: bundle });
  writeFileSync(
    bundle,
    readFileSync(bundle, "utf8").replace('from "typescript"', `from ${JSON.stringify(pathToFileURL(require_("typescript")).href)}`),
  );
  const { collectFences, fenceModule } = await import(pathToFileURL(bundle).href);
  const examples = [];
  for (const { name, folder } of published) {
    for (const fence of collectFences(readFileSync(join(folder, "README.md"), "utf8"))) {
      const source = fenceModule(fence).replace('from "vitest"', 'from "expect"');
      const { code } = await transform(source, { loader: "ts", target: "node20" });
      const named = [...code.matchAll(/(?:from|import)[ (]*"([^"]+)"/g)].map(([, path]) => /^(?:@[^/]+\/)?[^/]+/.exec(path)[0]);
      const imports = named.filter((path) => !path.startsWith("node:") && !published.some((ours) => ours.name === path));
      examples.push({ title: `${name} README.md:${fence.line}`, code, imports });
    }
  }
  return examples;
}

/** Where a module of this repository's own tools stands. */
function require_(name) {
  const { main } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
  return join(root, "node_modules", name, main);
}

/** Folder of the programs of a Node, from its npm package. */
async function nodeOf(major) {
  const folder = join(scratch, `node-${major}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  await run("npm", ["install", "--no-audit", "--no-fund", `node@${major}`], { cwd: folder });
  return join(folder, "node_modules/.bin");
}

/** Installs all packages into an empty folder and runs the examples and the program there. */
async function tryOut({ major, bin, manager, examples, others }) {
  const folder = join(scratch, `${manager}-${major}`);
  mkdirSync(folder);
  const at = (file) => join(scratch, file);
  const files = Object.fromEntries(
    published.map(({ name, version }) => [name, `file:${at(`${name.replace("@", "").replace("/", "-")}-${version}.tgz`)}`]),
  );
  const dependencies = {
    ...files,
    ...Object.fromEntries(others.map((name) => [name, name === "expect" ? EXPECT : (catalog[name] ?? "*")])),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  if (manager === "pnpm") writeFileSync(join(folder, "pnpm-workspace.yaml"), JSON.stringify({ overrides: files }));
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };
  const install = manager === "npm" ? ["npm", ["install", "--no-audit", "--no-fund"]] : [pnpm, ["install", "--no-frozen-lockfile"]];
  const where = `Node ${major}, ${manager}`;
  if (!(await passes(`${where}: install`, () => run(...install, { cwd: folder, env })))) return;
  examples.forEach(({ code }, index) => writeFileSync(join(folder, `example-${index}.mjs`), code));
  for (const [index, { title }] of examples.entries()) {
    await passes(`${where}: ${title}`, () => run("node", [`example-${index}.mjs`], { cwd: folder, env }));
  }
  const retool = (...args) => run(join(folder, "node_modules/.bin/retool"), args, { cwd: folder, env });
  await passes(`${where}: retool quickstart --preset smoke`, () => retool("quickstart", "--preset", "smoke", "--set", "backend=wasm"));
  await passes(`${where}: retool doctor`, () => retool("doctor"));
}

async function passes(title, work) {
  try {
    await work();
    passed++;
    console.log(`ok    ${title}`);
    return true;
  } catch (error) {
    failed++;
    console.log(`FAIL  ${title}\n${error.output ?? error.stack}`);
    return false;
  }
}

function run(program, args, { cwd, env = localEnvironment() }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(Object.assign(new Error(`${program} failed`), { output: `$ ${[program, ...args].join(" ")}\n${output.slice(-3_000)}` }));
    });
  });
}
