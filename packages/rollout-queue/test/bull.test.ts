import { gradedRollouts, type RolloutRequest } from "@retool-ts/evaluate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BullJobQueue, BullJobSource, queuedRollouts, rolloutWorker } from "../src/index.js";
import { noiseEnvironment, noiseModel, noiseSampler, untimed, type SamplingProbe } from "../src/noise-engine.test-support.js";
import { findRedis, startRedis, type RedisServer } from "./redis-server.js";

const program = await findRedis();
const unless = program === undefined ? " (skipped: no redis-server here; RETOOL_REDIS_SERVER names one)" : "";

describe.skipIf(program === undefined)(`rollouts through BullMQ on Redis${unless}`, () => {
  let redis: RedisServer;
  const opened: { close(): Promise<void> }[] = [];
  beforeAll(async () => void (redis = await startRedis(program!)));
  afterAll(async () => {
    for (const each of opened.toReversed()) await each.close();
    await redis.close();
  });
  const keep = <T extends { close(): Promise<void> }>(each: T): T => {
    opened.push(each);
    return each;
  };

  const environment = noiseEnvironment();
  const model = noiseModel("a", { decodes: 0 });
  const problems = Array.from({ length: 5 }, (_, i) => ({ id: `p${i}`, question: `${i}ab`, answer: "a", source: "test" }));
  const REQUEST: RolloutRequest = { problems, samples: 4, sampling: { temperature: 1, topP: 1, topK: 0 }, seed: 3, step: 2 };
  const COUNT = problems.length * REQUEST.samples;
  const local = () => gradedRollouts(model, environment, REQUEST);

  const open = async (name: string, lostAfterMs = 30_000) => {
    const options = { url: redis.url, digest: name, lostAfterMs };
    const queue = keep(await BullJobQueue.open(options));
    const work = async (probe: SamplingProbe, concurrency = 4) => {
      const source = keep(await BullJobSource.open(options));
      const handler = rolloutWorker({
        environment,
        model: { ...model, maxPositions: 400 },
        openSampler: async (weights, sampler) => noiseSampler(sampler, weights, probe),
      });
      let begun = 0;
      const counted = (...[job, signal]: Parameters<typeof handler>) => {
        begun++;
        return handler(job, signal);
      };
      const worker = await source.work(counted, { concurrency });
      opened.push(worker);
      return { ...worker, source, begun: () => begun };
    };
    return { queue, work, rollOut: queuedRollouts({ queue, environment, digest: name }) };
  };

  test.each([1, 2])("are those of one process, with %d workers, and leave nothing behind", async (workers) => {
    const { queue, work, rollOut } = await open(`w${workers}`);
    const all = await Promise.all(Array.from({ length: workers }, () => work({ decodes: 0 })));
    expect(await queue.workers()).toBe(workers);
    let told = 0;
    const groups = await rollOut(model, { ...REQUEST, onRollout: () => void told++ });
    expect(untimed(groups)).toEqual(untimed(await local()));
    expect(told).toBe(COUNT);
    expect(all.reduce((sum, { begun }) => sum + begun(), 0)).toBe(COUNT);
    await rollOut(model, REQUEST); // results were dropped: it is all made again
    expect(all.reduce((sum, { begun }) => sum + begun(), 0)).toBe(2 * COUNT);
  });

  test("of a worker whose connection is lost are made by another, and count once", async () => {
    const { work, rollOut } = await open("lost", 1_000);
    let reach = () => {};
    const reached = new Promise<void>((resolve) => (reach = resolve));
    const lost = await work({ decodes: 0, gate: () => new Promise(() => reach()) }); // it never gets a token
    let told = 0;
    const running = rollOut(model, { ...REQUEST, onRollout: () => void told++ });
    await reached;
    opened.splice(opened.length - 2, 2);
    await lost.source.close();
    await work({ decodes: 0 });
    expect(untimed(await running)).toEqual(untimed(await local()));
    expect(told).toBe(COUNT);
  });

  test("go on after an interruption: what is done is taken, what waits is put there again", async () => {
    const { work, rollOut } = await open("stopped");
    let decodes = 0;
    let reach = () => {};
    const reached = new Promise<void>((resolve) => (reach = resolve));
    let free = () => {};
    const freed = new Promise<void>((resolve) => (free = resolve));
    const gate = async () => {
      if (++decodes < 15) return;
      reach();
      await freed;
    };
    const worker = await work({ decodes: 0, gate }, 2);
    const stop = new AbortController();
    const running = rollOut(model, { ...REQUEST, signal: stop.signal });
    await reached;
    stop.abort(new DOMException("stop", "AbortError"));
    await expect(running).rejects.toThrow("stop");
    free();
    const before = worker.begun();
    expect(untimed(await rollOut(model, REQUEST))).toEqual(untimed(await local()));
    expect(worker.begun() - before).toBeGreaterThan(0);
    expect(worker.begun()).toBeLessThan(COUNT + 3); // those that were in hand at the interruption, at most, are made twice
  });

  test("a job that always fails ends the request, in words", async () => {
    const { queue } = await open("failing");
    const source = keep(await BullJobSource.open({ url: redis.url, digest: "failing" }));
    opened.push(
      await source.work(
        (job) =>
          rolloutWorker({
            environment,
            model: { ...model, maxPositions: 400 },
            openSampler: async () => {
              throw new Error("unused");
            },
          })({ ...job, text: "{}" }, new AbortController().signal),
        { concurrency: 1 },
      ),
    );
    await expect(queuedRollouts({ queue, environment, digest: "failing" })(model, REQUEST)).rejects.toThrow(/gave it up: rollout job: /);
  });
});

test("a Redis that does not answer is one clear message", async () => {
  const opening = BullJobQueue.open({ url: "redis://user:secret@127.0.0.1:9", digest: "none" });
  await expect(opening).rejects.toThrow(/rollout queue: redis:\/\/127\.0\.0\.1:9: expected a Redis that answers, found .*ECONNREFUSED/);
  await expect(opening).rejects.not.toThrow(/secret/);
});
