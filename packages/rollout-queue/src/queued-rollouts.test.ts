import { gradedRollouts, type RolloutRequest } from "@retool-ts/evaluate";
import { beforeEach, describe, expect, test } from "vitest";
import type { JobQueue } from "./job-queue.js";
import { MemoryQueue } from "./memory-queue.test-support.js";
import { noiseEnvironment, noiseModel, noiseSampler, untimed, type SamplingProbe } from "./noise-engine.test-support.js";
import { queuedRollouts } from "./queued-rollouts.js";
import { encodeTrajectory } from "./rollout-result.js";
import { rolloutWorker } from "./rollout-worker.js";

let queue: MemoryQueue;
let probe: SamplingProbe;
beforeEach(() => {
  queue = new MemoryQueue();
  probe = { decodes: 0 };
});

const environment = noiseEnvironment();
const problems = Array.from({ length: 6 }, (_, i) => ({ id: `p${i}`, question: `${i}ab`, answer: "a", source: "test" }));
const REQUEST: RolloutRequest = { problems, samples: 4, sampling: { temperature: 1, topP: 1, topK: 0 }, seed: 3, step: 2 };
const COUNT = problems.length * REQUEST.samples;
const rollOut = (options: { readonly queue?: JobQueue } = {}) => queuedRollouts({ queue, environment, digest: "noise", ...options });
const model = (path = "a") => noiseModel(path, probe);
const work = (own: SamplingProbe = probe, concurrency = 2) => {
  const handler = rolloutWorker({
    environment,
    model: { ...model(), maxPositions: 400 },
    openSampler: async (weights, options) => noiseSampler(options, weights, own),
  });
  return queue.work(handler, { concurrency });
};

/** What the same request gives in this process, without a queue. */
const local = (path = "a") => gradedRollouts(model(path), environment, REQUEST);

/** A gate that holds every decode behind it until it is opened. */
function gate(): { readonly wait: () => Promise<void>; readonly open: () => void; readonly reached: Promise<void> } {
  let [open, reach]: [() => void, () => void] = [() => {}, () => {}];
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  return {
    wait: () => {
      reach();
      return opened;
    },
    open,
    reached,
  };
}

describe("rollouts of a queue", () => {
  test.each([1, 2, 4])("are those of one process, with %d workers", async (workers) => {
    for (let i = 0; i < workers; i++) await work();
    const groups = await rollOut()(model(), REQUEST);
    expect(untimed(groups)).toEqual(untimed(await local()));
    expect(groups.flat().some(({ trajectory }) => trajectory.toolCalls.length > 0)).toBe(true);
    expect(new Set(groups.flat().map(({ trajectory }) => trajectory.stopReason)).size).toBeGreaterThan(1);
  });

  test("are those of the weights that the engine has", async () => {
    await work();
    expect(untimed(await rollOut()(model("b"), REQUEST))).toEqual(untimed(await local("b")));
    expect(untimed(await local("b"))).not.toEqual(untimed(await local("a")));
  });

  test("of a lost worker are made by another, and count once though the lost one finds out as well", async () => {
    const held = gate();
    const lost = await work({ decodes: 0, gate: held.wait });
    const told: [number, number][] = [];
    const running = rollOut()(model(), { ...REQUEST, onRollout: (...counts) => told.push(counts) });
    await held.reached;
    const late = gate();
    await work({ decodes: 0, gate: late.wait }, COUNT); // it holds the step open until the lost worker has spoken
    lost.lose();
    held.open();
    await new Promise((resolve) => setImmediate(resolve));
    late.open();
    expect(untimed(await running)).toEqual(untimed(await local()));
    expect(told).toEqual(Array.from({ length: COUNT }, (_, i) => [i + 1, COUNT]));
    expect(queue.begun).toBe(COUNT + 2);
  });

  test("count once when every end is told three times", async () => {
    queue.tellTimes = 3;
    await work();
    let told = 0;
    const groups = await rollOut()(model(), { ...REQUEST, onRollout: () => void told++ });
    expect([told, groups.flat().length]).toEqual([COUNT, COUNT]);
  });

  test("of a worker that ends go back and are made by another", async () => {
    const held = gate();
    const first = await work({ decodes: 0, gate: held.wait });
    const running = rollOut()(model(), REQUEST);
    await held.reached;
    const closing = first.close();
    held.open();
    await closing;
    await work();
    expect(untimed(await running)).toEqual(untimed(await local()));
  });

  test("that were done before an interruption are not made again", async () => {
    const held = gate();
    let decodes = 0;
    const worker = await work({ decodes: 0, gate: async () => void (++decodes > 20 && (await held.wait())) });
    const stop = new AbortController();
    const running = rollOut()(model(), { ...REQUEST, signal: stop.signal });
    await held.reached;
    stop.abort(new DOMException("stop", "AbortError"));
    await expect(running).rejects.toThrow("stop");
    const closing = worker.close();
    held.open();
    await closing;
    const before = queue.begun;
    await work();
    expect(untimed(await rollOut()(model(), REQUEST))).toEqual(untimed(await local()));
    expect(queue.begun - before).toBeGreaterThan(0);
    expect(queue.begun - before).toBeLessThan(COUNT - 4);
  });

  test("are all made again by the next request once a step is whole", async () => {
    await work();
    await rollOut()(model(), REQUEST);
    await rollOut()(model(), REQUEST);
    expect(queue.begun).toBe(2 * COUNT);
  });
});

describe("a request ends with an error that says which rollout", () => {
  test("when its workers give it up", async () => {
    await queue.work(() => Promise.reject(new Error("no engine")), { concurrency: 1 });
    await expect(rollOut()(model(), REQUEST)).rejects.toThrow("rollout 0 of problem p0: its workers gave it up: no engine");
  });

  test("when a result is another rollout's, or none at all", async () => {
    const [groups] = await local();
    await queue.work(async () => encodeTrajectory(groups![0]!.trajectory), { concurrency: 1 });
    await expect(rollOut()(model(), REQUEST)).rejects.toThrow("rollout 1 of problem p0: its result is another rollout's");
    queue = new MemoryQueue();
    await queue.work(async () => "nonsense", { concurrency: 1 });
    await expect(rollOut()(model(), REQUEST)).rejects.toThrow("a text that is no rollout");
  });

  test("when the engine's weights are this process's alone", async () => {
    const { engine, ...rest } = model();
    const { share: _, ...alone } = engine;
    await expect(rollOut()({ ...rest, engine: alone }, REQUEST)).rejects.toThrow("other processes can sample from");
  });

  test("when a job is of another version", async () => {
    await work();
    const old: JobQueue = {
      title: "old",
      submit: (jobs, onEnd) =>
        queue.submit(
          jobs.map(({ id, text }) => ({ id, text: text.replace('"seed"', '"sed"') })),
          onEnd,
        ),
      workers: () => queue.workers(),
      close: () => queue.close(),
    };
    await expect(rollOut({ queue: old })(model(), REQUEST)).rejects.toThrow(/rollout job: .*are trainer and worker of one version/);
  });
});

test("nothing to do is done at once", async () => {
  expect(await rollOut()(model(), { ...REQUEST, problems: [] })).toEqual([]);
});

test("rollouts that wait without a worker are spoken of", async () => {
  const told = new Promise<void>((onNoWorker) => {
    const running = queuedRollouts({ queue, environment, digest: "noise", onNoWorker, lookAfterMs: 1 })(model(), REQUEST);
    running.catch(() => {});
  });
  await told;
  await work();
});
