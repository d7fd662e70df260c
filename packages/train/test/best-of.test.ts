import type { GradedRollout } from "@retool-ts/evaluate";
import { beforeEach, describe, expect, test } from "vitest";
import { BestOfStream, sft, SftConfig, silentReporter, type BestOfOptions, type SftState } from "../src/index.js";
import { bestOf } from "../src/sft/best-of-stream.js";
import { MemoryRun } from "./memory-run.js";
import { TableStore } from "./table-engine.js";
import { END, environment, problems, toyPolicy } from "./toy-task.js";

const CONFIG = SftConfig.parse({
  stages: [{ name: "best", source: { kind: "rollouts" }, steps: 6, batchSize: 4, learningRate: { peak: 1, kind: "constant" } }],
  saveEvery: 1,
});
const SOURCE = {
  kind: "rollouts",
  files: null,
  problems: 12,
  samples: 4,
  keep: 1,
  sampling: { temperature: 1, topP: 1, topK: 0, minP: 0 },
} as const;

let kept: readonly GradedRollout[] | undefined;
beforeEach(() => void (kept = undefined));

function begin(changes: Partial<BestOfOptions> = {}, store?: TableStore, recorder = new MemoryRun()) {
  const policy = toyPolicy(store);
  const shared = { policy, recorder, environment: environment(), reporter: silentReporter };
  const rollouts = {
    read: async () => kept ?? expect.fail("nothing was kept"),
    write: async (all: readonly GradedRollout[]) => void (kept = all),
  };
  const openRows = () =>
    new BestOfStream({ ...shared, problems, firstProblem: 100, stage: CONFIG.stages[0]!, source: SOURCE, seed: 1, heldOut: 0, rollouts, ...changes }); // prettier-ignore
  return { policy, recorder, options: { ...shared, config: CONFIG, openRows } };
}

/** Chance that the policy answers 2 rather than 1. */
function chanceOfTwo({ engine, tokenizer }: ReturnType<typeof toyPolicy>): number {
  const row = engine.table.rows[tokenizer.tokenToId("<answer>")!]!;
  const [one, two] = ["1", "2"].map((word) => Math.exp(row[tokenizer.tokenToId(word)!]!));
  return two! / (one! + two!);
}

describe("rejection sampling", () => {
  test("the policy learns from its right answers alone, and the rollouts are kept", async () => {
    const { policy, options, recorder } = begin();
    expect(chanceOfTwo(policy)).toBeCloseTo(0.5);
    await sft(options);
    expect(chanceOfTwo(policy)).toBeGreaterThan(0.7);
    expect(kept).toHaveLength(48);
    expect(new Set(kept!.map(({ problem }) => problem.id))).toEqual(new Set(Array.from({ length: 12 }, (_, i) => `p${100 + i}`)));
    expect(recorder.metrics).toHaveLength(6);
    const taught = policy.engine.seen.flatMap(({ rows }) => rows.map(({ tokenIds }) => policy.tokenizer.decode(tokenIds)));
    expect(taught.every((text) => text.includes("<answer>2"))).toBe(true);
  });

  test("a run that is stopped in the stage goes on with the rollouts of its beginning", async () => {
    const whole = begin();
    await sft(whole.options);
    const [store, recorder, stop] = [new TableStore(), new MemoryRun(), new AbortController()];
    const first = begin({}, store, recorder);
    const onMetrics = () => void (recorder.metrics.length === 3 && stop.abort());
    await expect(sft({ ...first.options, onMetrics, signal: stop.signal })).rejects.toThrow();
    const second = begin({}, store, recorder);
    const from = recorder.rewind() as SftState;
    await second.policy.engine.loadState((await recorder.latestCheckpoint())!.path);
    await sft({ ...second.options, from });
    expect(recorder.metrics).toEqual(whole.recorder.metrics);
    expect(second.policy.engine.table).toEqual(whole.policy.engine.table);
  });

  test("too few right answers end the stage with counts and a remedy", async () => {
    const { options } = begin({ environment: environment({ reward: () => ({ score: -1, correct: false }) }) });
    await expect(sft(options)).rejects.toThrow(
      /stage best: expected at least 4 rows, found 0 rollouts, the best of 0 right ones among 48; raise/,
    );
  });

  test("held-out rows are never trained on", async () => {
    const { options } = begin({ heldOut: 3 });
    const rows = options.openRows();
    await rows.skip(0);
    const heldOut = (await rows.heldOut(3)).map(({ tokenIds }) => tokenIds);
    expect(heldOut).toHaveLength(3);
    const taken = (await rows.take(40)).map(({ tokenIds }) => tokenIds);
    expect(taken.filter((row) => heldOut.includes(row))).toEqual([]);
  });
});

test("the best are the highest scores, then the shortest; equal tokens count once, wrong and failed ones not at all", () => {
  const rollout = (id: string, score: number, tokens: readonly number[], stopReason = "answered", correct = true) =>
    ({
      problem: { id },
      reward: { score, correct },
      trajectory: { tokenIds: Int32Array.from(tokens), stopReason },
    }) as unknown as GradedRollout;
  const all = [
    rollout("a", 1, [1, 2, 3]),
    rollout("a", 1, [4, 5]),
    rollout("a", 1, [4, 5]),
    rollout("a", 2, [1, 2, 3, 4]),
    rollout("a", 9, [7], "answered", false),
    rollout("a", 9, [8], "toolFailed"),
    rollout("b", 1, [END]),
  ];
  expect(bestOf(all, 2)).toEqual([all[3], all[1], all[6]]);
  expect(bestOf(all, 9)).toEqual([all[3], all[1], all[0], all[6]]);
});
