import { expect, test } from "vitest";
import { loadConfig } from "../config/load-config.js";
import { MODEL_SHAPES } from "../config/presets/model-shapes.js";
import { describeFarPlan, farStep } from "./far-plan.js";
import { planRun } from "./plan.js";
import { publishedSize } from "./run-size.js";

const parts = { sft: false, rl: true };
const ENGINE = ["engine.kind=tinker", "engine.baseUrl=http://far:1"];

test("a step by hand", async () => {
  const set = [
    ...ENGINE,
    "train.promptsPerStep=2",
    "train.groupSize=3",
    "budgets.maxResponseTokens=50",
    "budgets.maxTurns=4",
    "train.oldLogProbs=trainer",
  ];
  const config = await loadConfig({ preset: "tiny", set });
  const plan = {
    ...planRun({ ...publishedSize(MODEL_SHAPES["Qwen2.5-32B-Instruct"], config), promptTokens: 150 }, config, parts),
    flop: 500,
  };
  // 6 rollouts of 200 tokens: 1,200. Training 24 bytes a token, the scoring pass 16, and 24 turns of up to 200 ids at 7 bytes.
  expect(farStep(plan, config, parts)).toEqual({
    rollouts: 6,
    sampleRequests: 24,
    sampledTokens: 300,
    trainingRequests: 3, // one with gradients, one without, one step
    scoringPasses: 1,
    trainingPasses: 1,
    trainedTokens: 1_200,
    bytesSent: 1_200 * 24 + 1_200 * 16 + 24 * 200 * 7,
    bytesReceived: 2 * 1_200 * 8 + 300 * 8,
    flop: 10,
  });
  expect(farStep(plan, config, { sft: true, rl: false })).toBeUndefined();
});

test("a preset of 32 billion parameters has a plan without this machine in it", async () => {
  const config = await loadConfig({ preset: "qwen2.5-32b-paper", set: ENGINE });
  const text = describeFarPlan(planRun(publishedSize(MODEL_SHAPES["Qwen2.5-32B-Instruct"], config), config, parts), config, parts);
  expect(text).toMatch(/32,7\d\d,\d\d\d,\d\d\d; their weights take 61\.0 GiB/);
  expect(text).toMatch(/S \+ .* \/ T\) s/);
  expect(text).not.toMatch(/this machine/);
});

test("the time follows from the server's speed, where it is given", async () => {
  const set = [...ENGINE, "train.steps=10", "train.promptsPerStep=2", "train.groupSize=3", "budgets.maxResponseTokens=50"];
  const config = await loadConfig({ preset: "tiny", set });
  const plan = planRun({ ...publishedSize(MODEL_SHAPES["Qwen2.5-32B-Instruct"], config), promptTokens: 150 }, config, parts);
  // 300 tokens sampled at 100 a second, and 1,200 trained at 400: 6 s a step.
  const text = describeFarPlan(plan, config, parts, { sampled: 100, trained: 400 });
  expect(text).toContain("at 100 and 400 tokens a second: 6.0 s a step, 1 min 00 s in all, at most");
  expect(describeFarPlan(plan, config, parts)).not.toContain("tokens a second:");
});
