import { gradedRollouts, type Environment, type GradedRollout } from "@retool-ts/evaluate";
import { expect, test } from "vitest";
import { train, type TrainConfigInput } from "../src/index.js";
import { MemoryRun } from "./memory-run.js";
import { environment, problems, toyPolicy } from "./toy-task.js";

const CONFIG: TrainConfigInput = { steps: 1, promptsPerStep: 4, groupSize: 4, learningRate: { peak: 2, kind: "constant" } };

/** An environment whose rollouts have the next one of their group as a branch. */
function branching(): Environment {
  const usual = environment();
  return {
    ...usual,
    async rollOut(model, request) {
      const groups = await gradedRollouts(model, usual, request);
      request.onMetrics?.({ "own/measure": 3 });
      return groups.map((group) =>
        group.map((rollout, i): GradedRollout => ({ ...rollout, branches: [group[(i + 1) % group.length]!.trajectory] })),
      );
    },
  };
}

async function run(world: Environment, config: Partial<TrainConfigInput> = {}) {
  const [policy, recorder] = [toyPolicy(), new MemoryRun()];
  await train({ policy, environment: world, problems, config: { ...CONFIG, ...config }, recorder });
  return { rows: policy.engine.seen.flatMap((pass) => pass.rows), metrics: recorder.metrics[0]! };
}

test("each branch is learned from with the advantage of its rollout, which counts once in its group", async () => {
  const [plain, branched] = [await run(environment()), await run(branching())];
  expect(branched.metrics).toMatchObject({
    "own/measure": 3,
    "reward/mean": plain.metrics["reward/mean"],
    "reward/std": plain.metrics["reward/std"],
  });
  const named = (rows: typeof plain.rows) =>
    rows.map(({ tokenIds, fields }) => [Array.from(tokenIds).join(), fields!["advantages"]![0]!] as const);
  // group baselines are those of the rollouts alone: every advantage of the branched run is one of the plain run
  const advantages = new Set(named(plain.rows).map(([, advantage]) => advantage));
  for (const [, advantage] of named(branched.rows)) expect(advantages).toContain(advantage);
  expect(branched.rows).toHaveLength(2 * plain.rows.length);
  // the branch of a rollout is the next one's tokens, and they stand behind it
  const rows = named(branched.rows);
  for (let i = 0; i < rows.length; i += 2) expect(rows[i]![1]).toBe(rows[i + 1]![1]);
});

test.each<[string, Partial<TrainConfigInput>]>([
  ["a critic", { advantage: "gae" }],
  ["a KL penalty in the reward", { kl: { coef: 0.5, place: "reward", estimator: "k3" } }],
])("branches are refused with %s", async (_, config) => {
  await expect(run(branching(), config)).rejects.toThrow("rollouts with branches: expected an advantage of one number a rollout");
});
