import { expect, test } from "vitest";
import { configSources } from "../commands/run-options.js";
import { type ConfigSources, loadConfig } from "../config/load-config.js";
import { MODEL_SHAPES } from "../config/presets/model-shapes.js";
import { farMemory } from "./far-memory.js";
import { describeFarPlan, farStep } from "./far-plan.js";
import { planRun } from "./plan.js";
import { publishedSize } from "./run-size.js";

const parts = { sft: false, rl: true };
const ENGINE = ["engine.kind=tinker", "engine.baseUrl=http://far:1"];
const SHAPE = MODEL_SHAPES["Qwen2.5-32B-Instruct"];

async function farConfig(sources: ConfigSources) {
  const config = await loadConfig(sources);
  if (config.engine.kind !== "tinker") throw new Error("a config with an engine elsewhere was asked for");
  return { ...config, engine: config.engine };
}

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
  const config = await farConfig({ preset: "qwen2.5-32b-paper", set: ENGINE });
  const text = describeFarPlan(planRun(publishedSize(SHAPE, config), config, parts), SHAPE, config, parts);
  expect(text).toMatch(/S \+ .* \/ T\) s/);
  expect(text).not.toMatch(/this machine/);
});

test("the time follows from the server's speed, where it is given", async () => {
  const set = [...ENGINE, "train.steps=10", "train.promptsPerStep=2", "train.groupSize=3", "budgets.maxResponseTokens=50"];
  const config = await farConfig({ preset: "tiny", set });
  const plan = planRun({ ...publishedSize(SHAPE, config), promptTokens: 150 }, config, parts);
  // 300 tokens sampled at 100 a second, and 1,200 trained at 400: 6 s a step.
  const text = describeFarPlan(plan, SHAPE, config, parts, { sampled: 100, trained: 400 });
  expect(text).toContain("at 100 and 400 tokens a second: 6.0 s a step, 1 min 00 s in all, at most");
  expect(describeFarPlan(plan, SHAPE, config, parts)).not.toContain("tokens a second:");
});

test("a server's memory for Qwen2.5-32B, computed from the numbers of its config.json alone", () => {
  // https://huggingface.co/Qwen/Qwen2.5-32B-Instruct/blob/main/config.json
  const [hidden, inner, layers, kv, vocab] = [5_120, 27_648, 64, 8 * 128, 152_064];
  // With a head of its own, biases of queries, keys and values, and two norms a layer.
  const layer = 2 * hidden * hidden + 2 * hidden * kv + (hidden + 2 * kv) + 3 * hidden * inner + 2 * hidden;
  const weights = 2 * (2 * vocab * hidden + layers * layer + hidden);
  const sides = (hidden + hidden) + 2 * (hidden + kv) + (hidden + hidden) + 2 * (hidden + inner) + (inner + hidden); // prettier-ignore
  const adapter = 16 * layers * sides;
  expect([weights, adapter]).toEqual([65_527_752_704, 134_217_728]); // twice the 32,763,876,352 of the hub, and 2^27
  const [length, sequences] = [18_432, 256];
  const activations = 2 * length * (layers * hidden + 20 * hidden + 8 * inner) + 4 * 3 * 2 ** 24;
  const cache = 2 * 2 * layers * kv * length * sequences;
  expect(farMemory(SHAPE, { rank: 16, microBatchTokens: length, sequences, sequenceTokens: length })).toEqual({
    weights,
    adapterCount: adapter,
    adapter: 4 * adapter,
    gradients: 4 * adapter,
    moments: 8 * adapter,
    activations,
    keysAndValues: cache,
    total: weights + 16 * adapter + activations + cache,
  });
  // A micro-batch of few tokens has no more logits than it has tokens.
  expect(farMemory(SHAPE, { rank: 16, microBatchTokens: 10, sequences, sequenceTokens: length }).activations).toBe(
    2 * 10 * (layers * hidden + 20 * hidden + 8 * inner) + 4 * 3 * 10 * vocab,
  );
});

test("each part of the server's memory is a line, with the formula that gives it", async () => {
  const config = await farConfig({ preset: "qwen2.5-32b-paper", set: [...ENGINE, "model.lora.rank=32", "engine.concurrency=100"] });
  const text = describeFarPlan(planRun(publishedSize(SHAPE, config), config, parts), SHAPE, config, parts);
  const lines = text.split("\n").filter((line) => line.startsWith("  ") && line.includes(" = "));
  expect(lines).toHaveLength(6);
  const parsed = lines.map((line) => /^ {2}(\D[\w ,']*?) +([\d.]+) (MiB|GiB|TiB) = ([\d×+(),^ ]*[\d)])/.exec(line)!.slice(1));
  for (const [name, number, unit, formula] of parsed) {
    const value = new Function(`return ${formula!.replaceAll(",", "").replaceAll("×", "*").replaceAll("^", "**")}`)() as number; // oxlint-disable-line typescript/no-implied-eval
    const scale = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }[unit as "MiB"];
    expect(Math.abs(value / scale - Number(number)), name).toBeLessThan(0.51);
  }
  expect(parsed.map(([name]) => name)).toEqual([
    "weights, bfloat16",
    "adapter, float32",
    "its gradients",
    "Adam's moments",
    "activations",
    "keys and values",
  ]);
  expect(text).toContain("100 sequences at once");
});

test("a plan of a preset needs no address, and a run does", async () => {
  const options = { preset: "qwen2.5-32b-paper", engine: "tinker", set: [] } as const;
  const config = await farConfig(configSources({ ...options, dryRun: true }));
  const text = describeFarPlan(planRun(publishedSize(SHAPE, config), config, parts), SHAPE, config, parts);
  expect(text).toContain("engine       a server that --base-url will name, its only model");
  await expect(loadConfig(configSources(options))).rejects.toThrow("engine.baseUrl: expected text, found nothing");
});
