import { parameterCount, type ModelConfig } from "@retool-ts/policy";
import { describe, expect, test } from "vitest";
import { checkConfig } from "../config/load-config.js";
import { MODEL_SHAPES, type ModelName } from "../config/presets/model-shapes.js";
import { PRESETS } from "../config/presets.js";
import { describeRequirements, requirementsOf } from "./requirements.js";

test.each([
  // As the hub counts the weights of their safetensors files.
  ["Qwen2.5-0.5B-Instruct", 494_032_768],
  ["Qwen2.5-7B-Instruct", 7_615_616_512],
  ["Qwen2.5-32B-Instruct", 32_763_876_352],
  ["Qwen3-4B-Instruct-2507", 4_022_468_096],
] as const satisfies readonly (readonly [ModelName, number])[])("%s has %d parameters", (name, parameters) => {
  expect(parameterCount(MODEL_SHAPES[name])).toBe(parameters);
});

const shape: ModelConfig = { ...MODEL_SHAPES["Qwen2.5-0.5B-Instruct"], layers: 2, heads: 3, kvHeads: 1, headDim: 5, maxPositions: 10_000 };
const config = (train: object) =>
  checkConfig({ ...PRESETS.smoke, train: { ...PRESETS.smoke.train, ...train }, budgets: { maxResponseTokens: 952 } }, String);

describe("requirementsOf", () => {
  test("worked by hand", () => {
    const needed = requirementsOf(shape, config({ steps: 7, promptsPerStep: 4, groupSize: 2 }));
    const n = parameterCount(shape);
    const length = 3_000; // 2,048 + 952
    const forward = 8 * (2 * n * length + 2 * 2 * 3 * 5 * length ** 2);
    expect(needed).toEqual({
      parameters: n,
      weightBytes: 4 * n,
      gradientBytes: 4 * n,
      optimizerBytes: 8 * n,
      otherModelBytes: 0,
      kvBytesPerSequence: 2 * 2 * 1 * 5 * 4 * length,
      kvBytes: 8 * 2 * 2 * 1 * 5 * 4 * length,
      sequencesPerStep: 8,
      tokensPerStep: 24_000,
      flopPerStep: 4 * forward, // sampling, and an update of three times that
      flop: 28 * forward,
    });
  });

  test("recomputed log-probabilities and further epochs cost forward and backward passes", () => {
    const base = requirementsOf(shape, config({})).flopPerStep;
    expect(requirementsOf(shape, config({ oldLogProbs: "trainer" })).flopPerStep).toBe((5 / 4) * base);
    expect(requirementsOf(shape, config({ epochs: 2 })).flopPerStep).toBe((7 / 4) * base);
  });
});

test("a critic is a second model that learns, a reference one that does not", () => {
  const n = parameterCount(shape);
  const base = requirementsOf(shape, config({})).flopPerStep;
  const ppo = requirementsOf(shape, config({ advantage: "gae" }));
  expect([ppo.otherModelBytes, ppo.flopPerStep]).toEqual([16 * n, (8 / 4) * base]); // sampling, values, two updates
  const withReference = requirementsOf(shape, config({ kl: { coef: 0.01 } }));
  expect([withReference.otherModelBytes, withReference.flopPerStep]).toEqual([4 * n, (5 / 4) * base]);
});

test("of a model with an adapter, only that has gradients and moments, and critic and reference share the rest", () => {
  const n = parameterCount(shape);
  const lora = { rank: 4, modules: ["q", "o"] as const };
  // q: 896 → 3 · 5 and o: 3 · 5 → 896, in 2 layers
  const a = 2 * (4 * (896 + 15) + 4 * (15 + 896));
  const settings = { ...config({ advantage: "gae", kl: { coef: 0.01 } }) };
  const needed = requirementsOf(
    shape,
    checkConfig({ ...settings, model: { ...settings.model, lora: { ...lora, modules: [...lora.modules] } } }, String),
  );
  expect([needed.weightBytes, needed.gradientBytes, needed.optimizerBytes]).toEqual([4 * (n + a), 4 * a, 8 * a]);
  expect(needed.otherModelBytes).toBe(20 * a);
});

describe("the verdict", () => {
  const needed = requirementsOf(MODEL_SHAPES["Qwen2.5-32B-Instruct"], config({ steps: 150 }));

  test("names what a machine lacks", () => {
    const text = describeRequirements(needed, { memoryBytes: 16 * 2 ** 30, flopPerSecond: 1e11 });
    expect(text).toMatch(
      /this machine cannot run it: its 16\.0 GiB of memory are less than the \d+ GiB of the model and one sequence; it would take about \d+ days/,
    );
    expect(text).toContain("weights 122 GiB, gradient 122 GiB, optimizer 244 GiB"); // 32.76e9 · 4 / 2³⁰ = 122.05
  });

  test("is good where there is room and speed", () => {
    expect(describeRequirements(needed, { memoryBytes: 1e13, flopPerSecond: 1e18 })).toContain("this machine could run it");
  });
});
