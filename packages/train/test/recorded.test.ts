import { checkTrajectory, recordedProblem, recordedReward, recordedTrajectory, toRecord } from "@retool-ts/runs";
import type { GradedRollout } from "@retool-ts/evaluate";
import { describe, expect, test } from "vitest";
import { train, type RlState, type TrainConfigInput } from "../src/index.js";
import { MemoryRun } from "./memory-run.js";
import { type TableEngine, TableStore } from "./table-engine.js";
import { environment, problems, toyPolicy } from "./toy-task.js";

const CONFIG: TrainConfigInput = { steps: 1, promptsPerStep: 6, groupSize: 4, learningRate: { peak: 2, kind: "constant" } };
const LABEL = { phase: "train", step: 1 };

/** The rollouts of a first step, and the policy after it. */
async function sampledStep() {
  const groups = new Map<string, GradedRollout[]>();
  const policy = toyPolicy();
  const onRollouts = (rollouts: readonly GradedRollout[]) => {
    for (const rollout of rollouts) groups.set(rollout.problem.id, [...(groups.get(rollout.problem.id) ?? []), rollout]);
  };
  await train({ policy, environment: environment(), problems, config: CONFIG, onRollouts });
  return { groups: [...groups.values()], table: policy.engine.table };
}

/** As they come back from a file. */
function written(groups: readonly (readonly GradedRollout[])[]): GradedRollout[][] {
  return groups.map((group) =>
    group.map((rollout) => {
      const record = checkTrajectory(JSON.parse(JSON.stringify(toRecord(rollout, LABEL, { replay: true }))));
      return { problem: recordedProblem(record), trajectory: recordedTrajectory(record), reward: recordedReward(record) };
    }),
  );
}

/** A policy that learned from recorded rollouts and samples nothing: it has no problems. */
async function learnFrom(rollouts: readonly (readonly GradedRollout[])[], config: Partial<TrainConfigInput> = {}) {
  const policy = toyPolicy();
  const recorder = new MemoryRun();
  const none = { problem: () => expect.fail("a problem was asked for") };
  await train({ policy, environment: environment(), problems: none, config: { ...CONFIG, ...config }, rollouts, recorder });
  return { table: policy.engine.table, metrics: recorder.metrics };
}

describe("recorded rollouts", () => {
  test("the policy that sampled them learns from their records what it learned when they were new", async () => {
    const { groups, table } = await sampledStep();
    const back = written(groups);
    expect(back.flat().map(({ trajectory }) => [...trajectory.tokenIds, ...trajectory.logProbs, ...trajectory.lossMask])).toEqual(
      groups.flat().map(({ trajectory }) => [...trajectory.tokenIds, ...trajectory.logProbs, ...trajectory.lossMask]),
    );
    const again = await learnFrom(back);
    const start = toyPolicy().engine.table;
    expect(distance(table, start)).toBeGreaterThan(0.05);
    expect(distance(again.table, table)).toBeLessThan(1e-9); // the groups come in another order
  });

  test("every group comes once an epoch, and a resumed run goes on behind the last", async () => {
    const { groups } = await sampledStep();
    const seen: string[][] = [];
    const config = { ...CONFIG, steps: 6, promptsPerStep: 2, saveEvery: 1 };
    const parts = { environment: environment(), problems, config, rollouts: groups };
    const onRollouts = (rollouts: readonly GradedRollout[]) => void seen.push([...new Set(rollouts.map(({ problem }) => problem.id))]);
    const whole = new MemoryRun();
    const policy = toyPolicy();
    await train({ ...parts, policy, recorder: whole, onRollouts });
    const ids = groups.map(([first]) => first!.problem.id).sort();
    for (const epoch of [seen.slice(0, 3), seen.slice(3)]) expect(epoch.flat().sort()).toEqual(ids);
    expect(seen.slice(3)).not.toEqual(seen.slice(0, 3));
    expect(whole.metrics.map((record) => record["rollout/epoch"])).toEqual([2, 4, 6, 8, 10, 12].map((n) => n / 6));

    const [store, half, stop] = [new TableStore(), new MemoryRun(), new AbortController()];
    const onMetrics = () => void (half.metrics.length === 2 && stop.abort());
    await expect(train({ ...parts, policy: toyPolicy(store), recorder: half, onMetrics, signal: stop.signal })).rejects.toThrow();
    const from = half.rewind() as RlState;
    const resumed = toyPolicy(store);
    await resumed.engine.loadState((await half.latestCheckpoint())!.path);
    await train({ ...parts, policy: resumed, recorder: half, from });
    expect(half.metrics).toEqual(whole.metrics);
    expect(resumed.engine.table).toEqual(policy.engine.table);
  });

  test("another policy's rollouts get importance weights", async () => {
    const { groups } = await sampledStep();
    const metrics = async (steps: number) => (await learnFrom(groups, { steps, oldLogProbs: "trainer", importance: { level: "token", cap: 5 } })).metrics; // prettier-ignore
    const records = await metrics(3);
    expect(Number(records[0]!["mismatch/log_prob_difference"])).toBeLessThan(1e-5);
    expect(Number(records[2]!["mismatch/log_prob_difference"])).toBeGreaterThan(0.01);
  });

  test("settings that need new rollouts are refused, and groups that all score the same with dynamic sampling", async () => {
    const { groups } = await sampledStep();
    const flat = groups.map((group) => group.map((rollout) => ({ ...rollout, reward: { ...rollout.reward, score: 1 } })));
    await expect(learnFrom(groups, { offPolicySteps: 1 })).rejects.toThrow(/offPolicySteps: .* expected 0/);
    await expect(learnFrom(groups, { advantage: "remax" })).rejects.toThrow(/advantage: .* another estimator/);
    await expect(learnFrom([])).rejects.toThrow(/rollouts: .* at least one group/);
    await expect(learnFrom(flat, { dynamicSampling: {} })).rejects.toThrow(/whose rollouts differ/);
    const { metrics } = await learnFrom([...flat, groups.find(differs)!], { dynamicSampling: {}, promptsPerStep: 1 });
    expect(metrics[0]!["group/zero_variance_share"]).toBe(0);
  });
});

function differs(group: readonly GradedRollout[]): boolean {
  return new Set(group.map(({ reward }) => reward.score)).size > 1;
}

function distance({ rows: a }: Table, { rows: b }: Table): number {
  return a.reduce((most, row, i) => row.reduce((top, value, j) => Math.max(top, Math.abs(value - b[i]![j]!)), most), 0);
}
type Table = TableEngine["table"];
