// Rollout workers on a Ray cluster of two hosts, one of which dies with rollouts in hand: `node scripts/ray-two-hosts.mjs`.
// The hosts are network namespaces that it makes and removes, each with a Ray node and a worker job; the first also has Redis and a Tinker server
// of ours. Ray comes from PyPI, into RETOOL_PEERS_FOLDER. It needs Linux, root, `ip`, `redis-server` and Python 3.11. The last line is
// `N passed, N failed`.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { root } from "./bootstrap.mjs";

const RAY = "ray[default]==2.60.0";
const FOLDER = join(process.env.RETOOL_PEERS_FOLDER ?? join(tmpdir(), "retool-peers"), "ray");
const VENV = join(FOLDER, "venv");
const HOSTS = ["retool-ray-1", "retool-ray-2"];
const [HEAD, OTHER] = ["10.77.0.1", "10.77.0.2"];
const [REDIS_PORT, ENGINE_PORT, DASHBOARD_PORT, RAY_PORT] = [6399, 8765, 8265, 6379];
const CLI = join(root, "apps/retool/dist/cli.js");
const TOKEN = "two-hosts";
/** Rollouts of a step; how many of the first step are made before the second host dies, and how many must then be in hand. */
const [PROBLEMS, GROUP, MADE, IN_HAND] = [16, 8, 24, 12];
/** Rollouts that a worker has in hand at most: with more than so many, both have some. */
const CONCURRENCY = 8;
const PATIENCE_MS = 600_000;

if (process.env.RETOOL_RAY_INSIDE === undefined) process.exitCode = await outside();
else await inside(process.env.RETOOL_RAY_INSIDE);

/** Makes the hosts, runs the rest of this script on the first of them, and removes them. */
async function outside() {
  const missing = whatIsMissing();
  if (missing !== undefined) {
    console.log(`two hosts of Ray skipped: ${missing}`);
    console.log("0 passed, 0 failed, 1 skipped");
    return 0;
  }
  if (!existsSync(join(VENV, "bin/ray"))) {
    mkdirSync(FOLDER, { recursive: true });
    console.log(`installing ${RAY}`);
    execFileSync("python3.11", ["-m", "venv", VENV]);
    execFileSync(join(VENV, "bin/python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", RAY], { stdio: "inherit" });
  }
  const folder = mkdtempSync(join(tmpdir(), "rt-")); // Ray's sockets lie below it, and their paths may have 107 bytes
  const ip = (...args) => execFileSync("ip", args);
  try {
    for (const host of HOSTS) {
      ip("netns", "add", host);
      ip("-n", host, "link", "set", "lo", "up");
    }
    ip("link", "add", "rtray1", "netns", HOSTS[0], "type", "veth", "peer", "name", "rtray2", "netns", HOSTS[1]);
    [HEAD, OTHER].forEach((address, i) => {
      ip("-n", HOSTS[i], "addr", "add", `${address}/24`, "dev", `rtray${i + 1}`);
      ip("-n", HOSTS[i], "link", "set", `rtray${i + 1}`, "up");
    });
    const child = spawn("ip", ["netns", "exec", HOSTS[0], process.execPath, import.meta.filename], {
      env: { ...process.env, RETOOL_RAY_INSIDE: folder },
      stdio: "inherit",
    });
    const [code] = await once(child, "exit");
    return code ?? 1;
  } finally {
    for (const host of HOSTS) {
      endAllOf(host);
      spawnSync("ip", ["netns", "del", host]);
    }
    await setTimeout(500);
    rmSync(folder, { recursive: true, force: true });
  }
}

function whatIsMissing() {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid() !== 0) return "it needs root, to make network namespaces";
  for (const [program, option] of [
    ["ip", "-V"],
    ["redis-server", "--version"],
    ["python3.11", "--version"],
  ]) {
    if (spawnSync(program, [option]).status !== 0) return `there is no ${program}`;
  }
  return existsSync(CLI) ? undefined : "the command line is not built: npm run build";
}

/** Ends every process of a host, which holds nothing but what this script started, and what those start meanwhile. */
function endAllOf(host) {
  for (;;) {
    const pids = spawnSync("ip", ["netns", "pids", host], { encoding: "utf8" }).stdout.split("\n").filter(Boolean).map(Number);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it has ended by itself
      }
    }
  }
}

async function inside(folder) {
  const counts = { passed: 0, failed: 0 };
  const check = (what, isTrue, found) => {
    counts[isTrue ? "passed" : "failed"]++;
    console.log(isTrue ? `  ok    ${what}` : `  FAIL  ${what}: ${found}`);
  };
  try {
    await story(folder, check);
  } catch (error) {
    check("the story runs to its end", false, error.message);
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

async function story(folder, check) {
  const at = (name) => join(folder, name);
  const environment = { ...process.env, PATH: `${join(VENV, "bin")}:${process.env.PATH}`, RAY_USAGE_STATS_ENABLED: "0" };
  const inBackground = (name, program, args, env = {}) => {
    const log = openSync(at(`${name}.log`), "w");
    const child = spawn(program, args, { env: { ...environment, ...env }, stdio: ["ignore", log, log], cwd: folder });
    closeSync(log);
    return child;
  };
  const retool = async (name, args, env) => {
    const [code] = await once(inBackground(name, process.execPath, [CLI, ...args], env), "exit");
    if (code !== 0)
      throw new Error(
        `${name}: ${readFileSync(at(`${name}.log`), "utf8")
          .trim()
          .split("\n")
          .slice(-5)
          .join(" ")}`,
      );
    return readFileSync(at(`${name}.log`), "utf8");
  };

  const small = ["--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats", "--block"];
  const dashboard = `http://${HEAD}:${DASHBOARD_PORT}`;
  const redisUrl = `redis://${HEAD}:${REDIS_PORT}`;
  const engineUrl = `http://${HEAD}:${ENGINE_PORT}`;
  console.log("Redis, a base model and a Tinker server on the first host");
  inBackground("redis", "redis-server", [
    "--bind",
    HEAD,
    "--port",
    String(REDIS_PORT),
    "--save",
    "",
    "--appendonly",
    "no",
    "--protected-mode",
    "no",
  ]);
  await retool("base", ["sft", "--preset", "smoke", "--set", "sft.stages.0.steps=1", "--output", at("base")]);
  inBackground(
    "engine",
    process.execPath,
    [
      CLI,
      "engine",
      "serve",
      `smoke=${at("base")}`,
      "--host",
      HEAD,
      "--port",
      String(ENGINE_PORT),
      "--state",
      at("state"),
      "--backend",
      "wasm",
    ],
    { RETOOL_ENGINE_TOKEN: TOKEN },
  );
  console.log("Ray on both hosts");
  inBackground("ray-1", join(VENV, "bin/ray"), [
    "start", "--head", `--node-ip-address=${HEAD}`, `--port=${RAY_PORT}`, `--dashboard-host=${HEAD}`, `--dashboard-port=${DASHBOARD_PORT}`,
    `--temp-dir=${at("r")}`, ...small,
  ]); // prettier-ignore
  await until("Ray's dashboard", async () => (await answerOf(`${dashboard}/api/version`)) !== undefined);
  inBackground("ray-2", "ip", [
    "netns", "exec", HOSTS[1], join(VENV, "bin/ray"), "start", `--address=${HEAD}:${RAY_PORT}`, `--node-ip-address=${OTHER}`, ...small,
  ]); // prettier-ignore
  await until(
    "two nodes",
    async () => ((await answerOf(`${dashboard}/nodes?view=summary`))?.match(/"state": *"ALIVE"/g)?.length ?? 0) === 2,
  );
  await until("the engine", async () => (await answerOf(`${engineUrl}/health`)) !== undefined);

  const settings = [
    "model.lora.rank=4", "budgets.maxResponseTokens=64", "eval.problems=4", "train.steps=2", `train.promptsPerStep=${PROBLEMS}`,
    `train.groupSize=${GROUP}`, "train.saveEvery=1", "train.trajectoriesEvery=1",
  ].flatMap((setting) => ["--set", setting]); // prettier-ignore
  const queue = ["--set", `rollouts.queue.url=${redisUrl}`, "--set", "rollouts.queue.lostAfterSeconds=5"];
  const model = [at("base"), "--preset", "smoke", "--engine", "tinker", "--base-url", engineUrl, ...settings];
  const key = { TINKER_API_KEY: TOKEN };
  console.log("a worker on each host, as jobs of Ray");
  for (const id of ["worker-1", "worker-2"]) {
    const worker = [process.execPath, CLI, "rollout-worker", ...model, ...queue, "--concurrency", String(CONCURRENCY)];
    await retool(`submit-${id}`, [
      "cluster",
      "submit",
      "--address",
      dashboard,
      "--id",
      id,
      "--cpus",
      "1",
      "--env",
      `TINKER_API_KEY=${TOKEN}`,
      "--",
      ...worker,
    ]);
  }
  const stateOf = async (id) => {
    const text = await answerOf(`${dashboard}/api/jobs/${id}`);
    return text === undefined ? undefined : JSON.parse(text);
  };
  await until(
    "both workers",
    async () => (await stateOf("worker-1"))?.status === "RUNNING" && (await stateOf("worker-2"))?.status === "RUNNING",
  );

  console.log("a run whose rollouts are made by them; the second host dies in its first step");
  const training = retool("far", ["train", ...model, ...queue, "--output", at("far")], key);
  const dying = killInTheMiddle(redisUrl, folder);
  const outcome = await Promise.race([training.then(() => "ended"), dying]);
  const inHand =
    typeof outcome === "number" ? `${outcome} rollouts were in hand, at most ${CONCURRENCY} of them on the first host` : outcome;
  check(`the second host had rollouts in hand when it died: ${inHand}`, typeof outcome === "number", "the run was over before");
  await training;
  check("the run ends", true);
  await until("Ray's verdict", async () =>
    (await Promise.all(["worker-1", "worker-2"].map(stateOf))).some((job) => job?.status === "FAILED"),
  );
  const [first, second] = await Promise.all(["worker-1", "worker-2"].map(stateOf));
  const states = [first.status, second.status].toSorted().join(", ");
  check("Ray reports the dead host's worker as failed, and the other runs", states === "FAILED, RUNNING", states);

  console.log("the same run without a queue");
  await retool("plain", ["train", ...model, "--output", at("plain")], key);
  for (const step of [1, 2]) {
    const [far, plain] = [rolloutsOf(at("far"), step), rolloutsOf(at("plain"), step)];
    check(`step ${step} has ${PROBLEMS * GROUP} rollouts`, far.length === PROBLEMS * GROUP, far.length);
    const names = new Set(far.map(({ problemId, sampleIndex }) => `${problemId} ${sampleIndex}`));
    check(`step ${step} counts each once`, names.size === far.length, names.size);
    check(`step ${step} has the rollouts of the run without a queue`, textOf(far) === textOf(plain), "they differ");
  }
  const figures = (run) =>
    readFileSync(join(run, "metrics.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line))
      .map((record) => ["reward/mean", "rollout/response_tokens", "policy/loss", "optim/grad_norm"].map((name) => record[name]).join()).join("\n"); // prettier-ignore
  check(
    "and its rewards, losses and gradients",
    figures(at("far")) === figures(at("plain")),
    `${figures(at("far"))} against ${figures(at("plain"))}`,
  );
}

/** Ends every process of the second host once enough rollouts of the first step are made, and enough others in hand; returns how many those were. */
async function killInTheMiddle(url, folder) {
  const { Redis } = createRequire(join(root, "packages/rollout-queue/package.json"))("ioredis");
  const redis = new Redis(url);
  try {
    for (const limit = performance.now() + PATIENCE_MS; performance.now() < limit; await setTimeout(5)) {
      const made = existsSync(join(folder, "far/metrics.jsonl")) ? 0 : await lengthOf(redis, "completed", "zcard");
      const active = await lengthOf(redis, "active", "llen");
      if (made < MADE || active < IN_HAND) continue;
      endAllOf(HOSTS[1]);
      return active;
    }
    throw new Error(`the queue never had ${MADE} rollouts made and ${IN_HAND} in hand`);
  } finally {
    redis.disconnect();
  }
}

async function lengthOf(redis, list, command) {
  const keys = await redis.keys(`retool*:${list}`);
  const lengths = await Promise.all(keys.map((key) => redis[command](key)));
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** The rollouts of a step, in the order of their names. */
function rolloutsOf(run, step) {
  const folder = join(run, "trajectories");
  const file = readdirSync(folder).find((name) => Number(/^step-(\d+)/.exec(name)?.[1]) === step);
  const name = ({ problemId, sampleIndex }) => `${problemId} ${sampleIndex}`;
  return gunzipSync(readFileSync(join(folder, file))).toString().trim().split("\n").map((line) => JSON.parse(line))
    .toSorted((a, b) => (name(a) < name(b) ? -1 : 1)); // prettier-ignore
}

function textOf(rollouts) {
  return JSON.stringify(rollouts.map(({ problemId, sampleIndex, segments, score }) => ({ problemId, sampleIndex, segments, score })));
}

async function answerOf(url) {
  const { request } = await import("node:http"); // Ray takes `fetch` of Node for a browser
  return new Promise((resolve) => {
    const asked = request(url, (response) => {
      const parts = [];
      response
        .on("data", (part) => parts.push(part))
        .on("end", () => resolve(response.statusCode === 200 ? Buffer.concat(parts).toString() : undefined));
    });
    asked.on("error", () => resolve(undefined)).end();
  });
}

async function until(what, isTrue) {
  for (const limit = performance.now() + PATIENCE_MS; performance.now() < limit; await setTimeout(500)) if (await isTrue()) return;
  throw new Error(`${what} did not come within ${PATIENCE_MS / 60_000} minutes`);
}
