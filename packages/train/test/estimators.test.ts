import { describe, expect, test } from "vitest";
import type { GradedRollout } from "@retool-ts/evaluate";
import { MemoryRecorder, readTrainConfig, train, type AdvantageInputs, type TrainConfigInput } from "../src/index.js";
import { environment, problems, toyPolicy } from "./toy-task.js";

const CONFIG: TrainConfigInput = { steps: 1, promptsPerStep: 6, groupSize: 4, learningRate: { peak: 2, kind: "constant" } };
const DPO = {
  advantage: "dpo",
  kl: { coef: 0.5, place: "preference" },
  oldLogProbs: "trainer",
  aggregation: "seq-mean-token-sum",
} as const;

/** Inputs of the estimator at the first step, and the rollouts that they are of. */
async function inputsOf(config: Partial<TrainConfigInput>) {
  let inputs: AdvantageInputs | undefined;
  let rollouts: readonly GradedRollout[] = [];
  const policy = toyPolicy();
  const begin = policy.engine.table.rows.map((row) => [...row]);
  await train({
    policy,
    environment: environment(),
    problems,
    config: { ...CONFIG, ...config },
    onRollouts: (all) => void (rollouts = all),
    advantage: (given) => {
      inputs = given;
      return given.scores;
    },
  });
  return { inputs: inputs!, rollouts, begin };
}

/** Probabilities of all tokens behind one, in doubles. */
function softmax(logits: readonly number[], temperature: number): number[] {
  const powers = logits.map((logit) => Math.exp(logit / temperature));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

async function accuracies(config: Partial<TrainConfigInput>): Promise<number[]> {
  const recorder = new MemoryRecorder();
  const more = { steps: 30, promptsPerStep: 8, groupSize: 8 };
  await train({ policy: toyPolicy(), environment: environment(), problems, config: { ...CONFIG, ...more, ...config }, recorder });
  return recorder.metrics.map((record) => Number(record["reward/accuracy"]));
}

describe("the optimal token baseline", () => {
  test.each([1, 0.7])("knows Σ π² of every token at temperature %d, from two passes for log-probabilities", async (temperature) => {
    const { inputs, rollouts, begin } = await inputsOf({ advantage: "otb", sampling: { temperature } });
    let compared = 0;
    rollouts.forEach(({ trajectory: { tokenIds, lossMask } }, i) => {
      lossMask.forEach((mask, t) => {
        if (mask === 0) return;
        const probabilities = softmax(begin[tokenIds[t - 1]!]!, temperature);
        const { logProbs, squaredProbabilities } = inputs.distributions![i]!;
        expect(squaredProbabilities[t]).toBeCloseTo(
          probabilities.reduce((sum, p) => sum + p * p, 0),
          5,
        );
        expect(logProbs[t]).toBeCloseTo(Math.log(probabilities[tokenIds[t]!]!), 5);
        compared++;
      });
    });
    expect(compared).toBeGreaterThan(50);
  });

  test("learns", async () => {
    const [first, last] = [await accuracies({ advantage: "otb" })].flatMap((all) => [all[0]!, all.at(-1)!]) as [number, number];
    expect(first).toBeLessThan(0.75);
    expect(last).toBeGreaterThan(0.9);
  });
});

describe("preferences", () => {
  test("are of whole responses, tools' tokens left out", async () => {
    const { inputs, rollouts } = await inputsOf(DPO);
    const { policy, reference } = inputs.sequenceLogProbs!;
    expect(policy).toEqual(reference); // the reference is the policy that RL begins with
    rollouts.forEach(({ trajectory: { logProbs, lossMask } }, i) => {
      const own = logProbs.reduce((sum, logProb, t) => sum + (lossMask[t] === 1 ? logProb : 0), 0);
      expect(policy[i]).toBeCloseTo(own, 4);
    });
  });

  test("teach", async () => {
    const [first, last] = [await accuracies({ ...DPO, learningRate: { peak: 8, kind: "constant" } })].flatMap((all) => [
      all[0]!,
      all.at(-1)!,
    ]) as [number, number];
    expect(first).toBeLessThan(0.75);
    expect(last).toBeGreaterThan(0.9);
  });

  test.each([
    [{ ...DPO, kl: null }, "kl: expected one with the place preference"],
    [{ ...DPO, advantage: "grpo" }, "kl: expected another place than preference"],
    [{ ...DPO, oldLogProbs: "sampler" }, "oldLogProbs: expected trainer"],
    [{ ...DPO, aggregation: "token-mean" }, "aggregation: expected seq-mean-token-sum"],
    [{ ...DPO, updatesPerStep: 2 }, "updatesPerStep: expected 1"],
    [{ ...DPO, groupSize: 1 }, "groupSize: expected at least 2 with the advantage dpo"],
  ] as const)("%j is refused", (config, message) => {
    expect(() => readTrainConfig({ ...CONFIG, ...config })).toThrow(message);
  });
});
