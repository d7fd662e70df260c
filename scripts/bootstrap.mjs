import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

/** The repository's root, with no slash at its end. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

const INSTALL_STAMP = join(root, "node_modules/.retool-stamp");
const BUILD_STAMP = join(root, "node_modules/.retool-build-stamp");
const LOCK = join(root, ".retool/bootstrap.lock");

const BUILD = [
  "run",
  "build",
  "--filter=./packages/*",
  "--filter=./apps/*",
  "--output-logs=errors-only",
  "--ui=stream",
  "--no-update-notifier",
  "--cache=local:rw",
  `--concurrency=${availableParallelism()}`,
];

/** A failure whose message says all: printed without a stack. */
class BootstrapError extends Error {
  expected = true;
}

/** The environment of every tool: this checkout's own programs first (turbo calls pnpm by name), and nothing sent anywhere. */
export function localEnvironment() {
  const path = [join(root, "node_modules/.bin"), process.env.PATH ?? ""].join(delimiter);
  return { ...process.env, PATH: path, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
}

/** Installs what the lockfile names, unless that has been done. */
export async function ensureInstalled() {
  if (stampIs(INSTALL_STAMP, installHash())) return;
  await withLock(LOCK, async () => {
    const hash = installHash();
    if (stampIs(INSTALL_STAMP, hash)) return;
    notice("installing dependencies (a minute or two the first time)");
    const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const install = ["exec", "--yes", "--", packageManager, "install", "--frozen-lockfile", "--config.confirmModulesPurge=false"];
    const { code } = await run(...npm(install), { stdio: ["ignore", 2, 2] });
    if (code !== 0) {
      throw new BootstrapError(
        `Installing dependencies failed (exit code ${code}). This step needs the npm registry that \`npm config get registry\` names; ` +
          `check the network, the proxy and that setting, then run the same command again, or only this step:\n  npm ${install.join(" ")}`,
      );
    }
    writeStamp(INSTALL_STAMP, hash);
  });
}

/**
 * Builds every package and the command line, unless no source changed since the last build. The declarations, which only publishing
 * needs, are made when asked for.
 */
export async function ensureBuilt({ declarations = false } = {}) {
  const upToDate = () => {
    const hash = sourceHash();
    return outputsExist() && (stampIs(BUILD_STAMP, `${hash} declarations`) || (!declarations && stampIs(BUILD_STAMP, hash)));
  };
  if (upToDate()) return;
  await withLock(LOCK, async () => {
    if (upToDate()) return;
    const hash = sourceHash();
    notice("building");
    const turbo = join(root, "node_modules/turbo/bin/turbo");
    const { code, output } = await run(process.execPath, [turbo, ...BUILD], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...localEnvironment(), RETOOL_BUILD: declarations ? "all" : "javascript" },
    });
    if (code !== 0) throw new BootstrapError(`${output}\nThe build failed (exit code ${code}).`);
    writeStamp(BUILD_STAMP, declarations ? `${hash} declarations` : hash);
  });
}

function notice(what) {
  process.stderr.write(`retool-ts: ${what} …\n`);
}

/** npm's own program when npm started us (works on every platform), else the one on the path. */
function npm(args) {
  const { npm_execpath: program } = process.env;
  if (program !== undefined && /npm-cli\.c?js$/.test(program)) return [process.execPath, [program, ...args]];
  return process.platform === "win32" ? ["npm.cmd", args] : ["npm", args];
}

function run(program, args, { stdio, env = localEnvironment() }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio, shell: program.endsWith(".cmd") });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => (output += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

function stampIs(file, hash) {
  try {
    return readFileSync(file, "utf8") === hash;
  } catch {
    return false;
  }
}

function writeStamp(file, hash) {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, hash);
  renameSync(`${file}.${process.pid}`, file);
}

/** Packages and apps that exist on disk, as paths from the root. */
function workspaces() {
  const found = ["packages", "apps"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .sort()
      .map((name) => `${folder}/${name}`),
  );
  return found.filter((folder) => existsSync(join(root, folder, "package.json")));
}

/** Everything that decides what is installed: contents of the lockfile and manifests, and the platform. */
function installHash() {
  const files = [
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "package.json",
    ...[...workspaces(), "docs"].map((folder) => `${folder}/package.json`),
  ];
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

const PACKAGE_SOURCES = [
  "src",
  "assembly",
  "scripts",
  "model",
  "index.html",
  "package.json",
  "tsup.config.ts",
  "vite.config.ts",
  "tsconfig.json",
];
const NO_SOURCE = /\.test\.ts$|\.generated\./;

/** Everything a build reads, by path, size and time of change: no file is opened. */
function sourceHash() {
  const hash = createHash("sha256");
  const visit = (path) => {
    const info = statSync(join(root, path), { throwIfNoEntry: false });
    if (info === undefined || NO_SOURCE.test(path)) return;
    if (info.isDirectory()) for (const name of readdirSync(join(root, path)).sort()) visit(`${path}/${name}`);
    else hash.update(`${path} ${info.size} ${info.mtimeMs}\n`);
  };
  for (const path of ["pnpm-lock.yaml", "tsup.base.ts", "tsconfig.base.json", "turbo.json"]) visit(path);
  for (const folder of workspaces()) for (const name of PACKAGE_SOURCES) visit(`${folder}/${name}`);
  return hash.digest("hex");
}

function outputsExist() {
  return existsSync(join(root, "apps/retool/dist/cli.js")) && workspaces().every((folder) => existsSync(join(root, folder, "dist")));
}
