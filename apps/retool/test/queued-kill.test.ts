import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunFolder } from "@retool-ts/runs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findRedis, startRedis, type RedisServer } from "../../../packages/rollout-queue/test/redis-server.js";
import { workOnRollouts } from "../src/commands/rollout-worker-run.js";
import { serveSmokeBase, type ServedBase } from "../src/recipe/served-base.test-support.js";
import { useBuiltCommandLine } from "./built-command-line.js";
import { QUIET } from "./quiet-shell.js";

const program = await findRedis();
const unless = program === undefined ? " (skipped: no redis-server here; RETOOL_REDIS_SERVER names one)" : "";
const built = useBuiltCommandLine();
/** Rollouts of the evaluation before and after, and of each of two steps. */
const [EVALUATED, STEP] = [3, 4];

describe.skipIf(program === undefined)(`a trainer whose rollouts are made by a worker${unless}`, () => {
  let folder: string;
  let served: ServedBase;
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis(program!);
    folder = await mkdtemp(join(tmpdir(), "retool-queued-kill-"));
    served = await serveSmokeBase(folder);
  });
  afterAll(async () => {
    await served.close();
    await redis.close();
    await rm(folder, { recursive: true });
  });

  const settings = (queued: boolean) => [
    "model.lora.rank=4", "budgets.maxResponseTokens=24", "eval.problems=3", "train.steps=2", "train.promptsPerStep=2", "train.groupSize=2", "train.saveEvery=1",
    ...(queued ? [`rollouts.queue.url=${redis.url}`] : []),
  ]; // prettier-ignore
  const start = (args: readonly string[]) => {
    const child = spawn(process.execPath, [built.program("cli"), "train", ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
    const ended = once(child, "close").then(([code, signal]) => {
      if (code !== 0 && signal === null) throw new Error(errors);
      return signal as string | null;
    });
    return { child, ended };
  };
  const fresh = (run: string, queued: boolean) => [
    served.bare, "--preset", "smoke", "--engine", "tinker", "--base-url", served.server.url, ...settings(queued).flatMap((one) => ["--set", one]), "--output", run,
  ]; // prettier-ignore

  test("is killed in a step and resumed: nothing is lost, made twice or counted twice", async () => {
    const run = join(folder, "killed");
    const stop = new AbortController();
    let made = 0;
    let onMade = () => {};
    const update = () => {
      made++;
      onMade();
    };
    const worker = workOnRollouts(
      {
        model: served.bare,
        preset: "smoke",
        set: ["engine.kind=tinker", `engine.baseUrl=${served.server.url}`, ...settings(true)],
        concurrency: 1,
      },
      { print: () => {}, reporter: { ...QUIET, status: () => ({ update, done: () => {} }) }, signal: stop.signal },
    );
    const first = start(fresh(run, true));
    // In the middle of the second step, with half of its rollouts made.
    onMade = () => void (made === EVALUATED + STEP + STEP / 2 && first.child.kill("SIGKILL"));
    expect(await first.ended).toBe("SIGKILL");
    await expect.poll(() => made).toBe(EVALUATED + 2 * STEP); // the worker makes the rest, though nobody waits for it
    expect((await openRunFolder(run)).readMetrics()).toHaveLength(1);
    expect(await start(["--resume", "--output", run]).ended).toBeNull();
    expect(made).toBe(2 * EVALUATED + 2 * STEP);
    stop.abort();
    await worker;

    const plain = join(folder, "plain");
    expect(await start(fresh(plain, false)).ended).toBeNull();
    const [killed, whole] = await Promise.all([run, plain].map((path) => openRunFolder(path)));
    const figures = ["reward/mean", "rollout/response_tokens", "policy/loss", "optim/grad_norm", "rollout/turns"];
    const rows = (of: typeof killed) => of!.readMetrics().map((record) => figures.map((name) => record[name]));
    expect(rows(killed)).toEqual(rows(whole));
    expect(await readdir(join(run, "trajectories"))).toEqual(await readdir(join(plain, "trajectories")));
    const texts = async (of: typeof killed, step: number) =>
      (await of!.readTrajectories(step)).map(({ segments, score }) => ({ segments, score }));
    for (const step of [1, 2]) expect(await texts(killed, step)).toEqual(await texts(whole, step));
    expect((await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n")).toHaveLength(rows(whole).length);
  });
});
