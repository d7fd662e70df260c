import { defineTool } from "@retool-ts/rollout";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { GradedRollout } from "@retool-ts/evaluate";
import { MemoryRecorder, readTrainConfig, train, type AdvantageInputs, type TrainConfigInput } from "../src/index.js";
import { END, environment, problems, toyPolicy } from "./toy-task.js";

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

describe("self-distillation", () => {
  /** One step in which every call fails with `boom`; whoever is told of an attempt reads `.` last. */
  async function stepOf(feedback: Partial<TrainConfigInput["feedback"]>) {
    const asked: string[] = [];
    let inputs: AdvantageInputs | undefined;
    let rollouts: readonly GradedRollout[] = [];
    const policy = toyPolicy();
    const begin = policy.engine.table.rows.map((row) => [...row]);
    const tool = defineTool({
      name: "code_interpreter",
      description: "fails",
      input: z.strictObject({ code: z.string() }),
      execute: async () => ({ text: "2", status: "error" }),
    });
    const encodePrompt = (question: string) => {
      if (question !== "?") asked.push(question);
      return question === "?" ? [0] : [0, END];
    };
    const recorder = new MemoryRecorder();
    await train({
      policy,
      environment: environment({ tools: [tool], encodePrompt }),
      problems,
      config: { ...CONFIG, advantage: "sdpo", feedback: { solutions: false, errors: false, ...feedback } },
      recorder,
      onRollouts: (all) => void (rollouts = all),
      advantage: (given) => {
        inputs = given;
        return given.scores;
      },
    });
    return { asked, begin, rollouts, told: inputs!.selfTeaching!.toldLogProbs, own: inputs!.selfTeaching!.logProbs, recorder };
  }

  test("scores each response behind the question with what is told of it", async () => {
    const { begin, rollouts, told, own, recorder } = await stepOf({ errors: true, solutions: true });
    let compared = 0;
    rollouts.forEach(({ trajectory: { tokenIds, lossMask, promptLength } }, i) => {
      if (told[i] === undefined) return;
      expect(told[i]).toHaveLength(tokenIds.length);
      const first = softmax(begin[END]!, 1)[tokenIds[promptLength]!]!; // the table looks at one token back
      expect(told[i]![promptLength]).toBeCloseTo(Math.log(first), 4);
      lossMask.forEach((mask, t) => mask === 1 && t > promptLength && expect(told[i]![t]).toBeCloseTo(own[i]![t]!, 4));
      compared++;
    });
    expect(compared).toBeGreaterThan(10);
    expect(recorder.metrics[0]!["rollout/told_share"]).toBeCloseTo(compared / rollouts.length, 9);
  });

  test("tells the errors of wrong responses alone, and right responses of others in the group", async () => {
    const errors = await stepOf({ errors: true });
    errors.rollouts.forEach(({ reward, trajectory }, i) =>
      expect(errors.told[i] !== undefined).toBe(!reward.correct && trajectory.toolCalls.length > 0),
    );
    for (const question of errors.asked) {
      expect(question).toMatch(
        /^\?\n\nThe following is feedback from your unsuccessful earlier attempt:\n\n2(\n2)*\n\nCorrectly solve the original question\.$/,
      );
    }
    const solutions = await stepOf({ solutions: true });
    const right = solutions.rollouts.map(({ reward }) => reward.correct);
    solutions.told.forEach((row, i) => {
      const group = right.slice(4 * Math.floor(i / 4), 4 * Math.floor(i / 4) + 4);
      expect(row !== undefined).toBe(group.filter(Boolean).length > (right[i] ? 1 : 0));
    });
    for (const question of solutions.asked) expect(question).toMatch(/^\?\n\nCorrect solution:\n\n[^]*<answer>2[^]*\n\nCorrectly solve/);
    expect(new Set(right).size).toBe(2);
  });

  test("is refused with nothing to tell", () => {
    expect(() => readTrainConfig({ ...CONFIG, advantage: "sdpo", feedback: { solutions: false, errors: false } })).toThrow(
      "feedback: expected solutions, errors or both",
    );
  });
});
