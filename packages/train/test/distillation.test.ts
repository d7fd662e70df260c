import { expect, test } from "vitest";
import { MemoryRecorder, silentReporter, train, type TrainConfigInput } from "../src/index.js";
import { environment, problems, toyPolicy } from "./toy-task.js";

const CONFIG: TrainConfigInput = {
  steps: 40,
  promptsPerStep: 16,
  groupSize: 1,
  learningRate: { peak: 2, kind: "constant" },
  advantage: "none",
  kl: { coef: 1, place: "advantage", estimator: "k1", reference: "teacher" },
};

/** A policy that has learned to answer 2. */
async function teacher() {
  const policy = toyPolicy();
  const config: TrainConfigInput = { steps: 30, promptsPerStep: 8, groupSize: 8, learningRate: { peak: 2, kind: "constant" } };
  await train({ policy, environment: environment(), problems, config });
  return policy.engine;
}

test("a policy learns on its own rollouts what a teacher would have done, without a reward", async () => {
  const recorder = new MemoryRecorder();
  const lines: string[] = [];
  const reporter = { ...silentReporter, say: (line: string) => void lines.push(line) };
  const blind = environment({ reward: ({ modelText }) => ({ score: 0, correct: modelText.includes("<answer>2") }) });
  await train({ policy: toyPolicy(), environment: blind, problems, config: CONFIG, recorder, reference: await teacher(), reporter });
  const series = (name: string) => recorder.metrics.map((record) => Number(record[name]));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [accuracy, kl] = [series("reward/accuracy"), series("policy/reference_kl")];
  expect(mean(accuracy.slice(0, 3))).toBeLessThan(0.7);
  expect(mean(accuracy.slice(-5))).toBeGreaterThan(0.9);
  expect(mean(kl.slice(0, 3))).toBeGreaterThan(0.1);
  expect(Math.abs(mean(kl.slice(-5)))).toBeLessThan(0.05);
  expect(lines).toEqual([]); // not that equal scores teach nothing
});
