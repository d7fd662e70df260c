import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunFolder, readTrajectories } from "@retool-ts/runs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findRedis, startRedis, type RedisServer } from "../../../../packages/rollout-queue/test/redis-server.js";
import { quietShell } from "../../test/quiet-shell.js";
import { workOnRollouts } from "../commands/rollout-worker-run.js";
import { evaluateCheckpoint } from "../evaluation/evaluate-checkpoint.js";
import { trainRecipe, type RecipeSettings } from "../index.js";
import { serveSmokeBase, type ServedBase } from "./served-base.test-support.js";

const program = await findRedis();
const unless = program === undefined ? " (skipped: no redis-server here; RETOOL_REDIS_SERVER names one)" : "";

describe.skipIf(program === undefined)(`a run whose rollouts are made by workers${unless}`, () => {
  let folder: string;
  let served: ServedBase;
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis(program!);
    folder = await mkdtemp(join(tmpdir(), "retool-queued-"));
    served = await serveSmokeBase(folder);
  });
  afterAll(async () => {
    await served.close();
    await redis.close();
    await rm(folder, { recursive: true });
  });

  const settings = (queued: boolean): RecipeSettings => ({
    engine: { kind: "tinker", baseUrl: served.server.url },
    model: { from: served.bare, lora: { rank: 4 } },
    budgets: { maxResponseTokens: 24 },
    eval: { problems: 3 },
    train: { steps: 2, promptsPerStep: 2, groupSize: 2, saveEvery: 1 },
    ...(queued && { rollouts: { queue: { url: redis.url } } }),
  });
  const train = (name: string, queued: boolean) =>
    trainRecipe({ run: join(folder, name), preset: "smoke", settings: settings(queued), parts: { sft: false, rl: true } });

  /** A worker, once it takes jobs; its own end gives what it has said. */
  const startWorker = async (model: string, set: readonly string[] = []) => {
    const stop = new AbortController();
    const said: string[] = [];
    let ready = (_queue: string) => {};
    const begun = new Promise<string>((resolve) => (ready = resolve));
    const status = () => ({ update: () => {}, done: () => {} });
    const reporter = { say: (text: string) => void said.push(text), status } as never;
    const ended = workOnRollouts(
      { model, preset: "smoke", set, concurrency: 4 },
      { print: (text) => ready(text), reporter, signal: stop.signal },
    );
    const queue = await Promise.race([begun, ended.then(() => "ended")]);
    return {
      queue,
      async end() {
        stop.abort();
        await ended;
        return said;
      },
    };
  };
  const asSettings = () => [
    "engine.kind=tinker", `engine.baseUrl=${served.server.url}`, "model.lora.rank=4", "budgets.maxResponseTokens=24", `rollouts.queue.url=${redis.url}`,
  ]; // prettier-ignore

  test("has the rollouts, rewards and updates of one without, and its workers have made them all", async () => {
    const workers = [await startWorker(served.bare, asSettings()), await startWorker(served.bare, asSettings())];
    expect(workers[0]!.queue).toMatch(/^rollouts-[0-9a-f]{12} at redis:/);
    await train("queued", true);
    const said = (await Promise.all(workers.map(({ end }) => end()))).map((lines) => lines.at(-1));
    const made = said.map((line) => Number(/^(\d+) rollouts were made/.exec(line ?? "")?.[1]));
    expect(made.reduce((sum, count) => sum + count)).toBe(3 + 2 * 4 + 3); // cold start, two steps, final
    await train("plain", false);
    const [queued, plain] = await Promise.all(["queued", "plain"].map(async (name) => openRunFolder(join(folder, name))));
    const figures = ["reward/mean", "rollout/response_tokens", "policy/loss", "optim/grad_norm", "rollout/turns"];
    const rows = (run: typeof queued) => run!.readMetrics().map((record) => figures.map((name) => record[name]));
    expect(rows(queued)).toEqual(rows(plain));
    expect(rows(plain).flat().every(Number.isFinite)).toBe(true);
    const trajectories = async (run: typeof queued) => (await run!.readTrajectories(1)).map(({ segments, score }) => ({ segments, score }));
    expect(await trajectories(queued)).toEqual(await trajectories(plain));
  });

  test("gives a worker its settings by its folder", async () => {
    const worker = await startWorker(join(folder, "queued"));
    const same = await startWorker(served.bare, asSettings());
    const other = await startWorker(served.bare, [...asSettings(), "budgets.maxTurns=2"]);
    expect(worker.queue).toBe(same.queue);
    expect(other.queue).not.toBe(same.queue);
    for (const each of [worker, same, other]) await each.end();
  });

  test("is evaluated by workers as well, with the rollouts of this process", async () => {
    const run = join(folder, "queued");
    const evaluate = async (set: readonly string[], output: string) => {
      const shell = quietShell();
      await evaluateCheckpoint({ model: run, set: [...set], json: true, samples: 2, output: join(folder, output) }, shell);
      const records = await readTrajectories(join(folder, output, "trajectories", "eval.jsonl.gz"));
      return {
        figures: JSON.parse(shell.printed.join("")) as object,
        records: records.map(({ segments, score }) => ({ segments, score })),
      };
    };
    const worker = await startWorker(run);
    const queued = await evaluate([], "eval-queued");
    expect((await worker.end()).at(-1)).toMatch(/^6 rollouts were made/);
    expect(queued).toEqual(await evaluate(["rollouts.queue=null"], "eval-plain"));
    const alone = evaluate(["engine={kind: local}"], "eval-alone");
    await expect(alone).rejects.toThrow(/rollouts.queue: expected an engine that other hosts can sample from/);
  });

  test("is refused, before there is a folder, where others cannot sample or have no such tools", async () => {
    const run = (change: RecipeSettings, functions: object = {}) =>
      trainRecipe({ run: join(folder, "refused"), preset: "smoke", settings: { ...settings(true), ...change }, ...functions });
    await expect(run({ engine: { kind: "local" } })).rejects.toThrow(/rollouts.queue: expected an engine that other hosts can sample from/);
    await expect(run({}, { tools: [] })).rejects.toThrow(/functions of this program.*put them into a plugin/);
    await expect(startWorker(served.bare, asSettings().slice(0, -1))).rejects.toThrow(
      /rollouts.queue: expected a queue to take rollouts from/,
    );
    await expect(openRunFolder(join(folder, "refused"))).rejects.toThrow();
  });
});
