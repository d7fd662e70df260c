// Tests against real peers from the package registries: `node scripts/peers.mjs llama vllm hatchery skyrl sdk`, or those that RETOOL_PEERS
// names, as `.ci/run` does. Each gets an environment of Python 3.11 in RETOOL_PEERS_FOLDER (default: below the system's temporary folder),
// which stays for the next time, is started on loopback and ended. The last line is `N passed, N failed`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { localEnvironment, root } from "./bootstrap.mjs";
import { PEERS } from "./peers/peers.mjs";

const FOLDER = process.env.RETOOL_PEERS_FOLDER ?? join(tmpdir(), "retool-peers");
const START_MS = 300_000;
const named = process.argv.length > 2 ? process.argv.slice(2) : (process.env.RETOOL_PEERS ?? "").split(",").filter(Boolean);
const counts = { passed: 0, failed: 0, skipped: 0 };

/** Runs a program to its end; its output goes to the terminal, or into a file. */
async function run(program, args, { env = localEnvironment(), log, cwd = root } = {}) {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
      if (log === undefined) process.stdout.write(chunk);
      else log.write(chunk);
    });
  }
  const [code] = await once(child, "close").catch((error) => [String(error)]);
  return { code, output };
}

async function need(what, program, args, options) {
  const { code, output } = await run(program, args, options);
  if (code !== 0) throw new Error(`${what}: ${output.trim().split("\n").slice(-3).join(" ")}`);
}

async function findPython() {
  for (const name of [process.env.RETOOL_PYTHON, "python3.11"]) {
    if (name === undefined) continue;
    const child = spawn(name, ["-c", "import sys; assert sys.version_info[:2] == (3, 11)"], { stdio: "ignore" });
    if ((await once(child, "close").catch(() => [1]))[0] === 0) return name;
  }
  return undefined;
}

/** An environment with a peer's packages and models, made once. */
async function install(name, peer, python) {
  const folder = join(FOLDER, name);
  const place = { folder, python: join(folder, "venv/bin/python"), script: (file) => join(root, "scripts/peers", file) };
  const wanted = JSON.stringify(peer.install);
  if (existsSync(join(folder, "ready"))) return place;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const log = createWriteStream(join(folder, "install.log"));
  await need(`venv of ${name}`, python, ["-m", "venv", join(folder, "venv")], { log });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  for (const args of peer.install) await need(`packages of ${name}`, place.python, [...pip, ...args], { log });
  await peer.prepare?.(place, (args) => need(`model of ${name}`, place.python, args, { log, cwd: folder }));
  log.end();
  writeFileSync(join(folder, "ready"), wanted);
  return place;
}

/** Starts a peer's server, waits until it answers, and ends it with all its children when `use` is done. */
async function serving(name, peer, place, use) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { program, args, env } = peer.serve(place, port);
  const log = createWriteStream(join(place.folder, "serve.log"));
  await once(log, "open");
  const child = spawn(program, args, { cwd: place.folder, env: { ...process.env, ...env }, detached: true, stdio: ["ignore", log, log] });
  const ended = once(child, "exit");
  try {
    const limit = performance.now() + START_MS;
    while (
      !(await fetch(url + peer.health).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (child.exitCode !== null || performance.now() > limit)
        throw new Error(`${name} does not answer; see ${join(place.folder, "serve.log")}`);
      await setTimeout(500);
    }
    return await use(url);
  } finally {
    if (child.exitCode === null) process.kill(-Number(child.pid), "SIGTERM");
    await Promise.race([ended, setTimeout(10_000)]);
    if (child.exitCode === null && child.signalCode === null) process.kill(-Number(child.pid), "SIGKILL");
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Runs the tests of a peer and adds their counts. */
async function test(paths, env) {
  const { code, output } = await run(process.execPath, [join(root, "scripts/run.mjs"), "test", ...paths], {
    env: { ...localEnvironment(), ...env },
  });
  const [, passed, failed, skipped] = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m.exec(output.trim().split("\n").at(-1)) ?? [];
  counts.passed += Number(passed ?? 0);
  counts.failed += Math.max(Number(failed ?? 0), code === 0 ? 0 : 1);
  counts.skipped += Number(skipped ?? 0);
}

const python = await findPython();
for (const name of Object.keys(PEERS)) {
  const peer = PEERS[name];
  if (peer.serve === undefined && process.argv.length === 2) continue; // `npm test` has run them where RETOOL_PEERS names it
  const reason = !named.includes(name) ? "RETOOL_PEERS does not name it" : python === undefined ? "there is no Python 3.11" : undefined;
  if (reason !== undefined) {
    console.log(`tests with ${peer.title} skipped: ${reason}`);
    counts.skipped++;
    continue;
  }
  console.log(`tests with ${peer.title}`);
  try {
    if (peer.serve === undefined) {
      await test(peer.tests, { RETOOL_PEERS: name, RETOOL_PEERS_FOLDER: FOLDER });
      continue;
    }
    const place = await install(name, peer, python);
    for (const kind of peer.kinds ?? [undefined]) {
      const one = kind === undefined ? peer : peer.of(kind);
      await serving(name, one, place, (url) => test(peer.tests, one.env(place, url)));
    }
  } catch (error) {
    console.log(`failed: ${peer.title}: ${error.message}`);
    counts.failed++;
  }
}
const unknown = named.filter((name) => !(name in PEERS));
if (unknown.length > 0) {
  console.log(`failed: no such peer: ${unknown.join(", ")}; there are ${Object.keys(PEERS).join(", ")}`);
  counts.failed++;
}
console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""}`);
process.exitCode = counts.failed > 0 ? 1 : 0;
