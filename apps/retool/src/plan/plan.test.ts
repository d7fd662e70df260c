import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryNeed, parameterCount, type ModelConfig } from "@retool-ts/policy";
import { openRunFolder, readTrajectories } from "@retool-ts/runs";
import { describe, expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { runCommand } from "../commands/recipe-run.js";
import { checkConfig } from "../config/check-config.js";
import { loadConfig } from "../config/load-config.js";
import { MODEL_SHAPES, type ModelName } from "../config/presets/model-shapes.js";
import { PRESETS } from "../config/presets.js";
import { describePlan } from "./describe-plan.js";
import { planRun } from "./plan.js";
import { measureRun, publishedSize, type RunSize } from "./run-size.js";

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
const size: RunSize = { shape, promptTokens: 48, promptsTooLong: 0, promptsRead: 20, testProblems: 20, validationProblems: 10 };
const config = (train: object, others: object = {}) =>
  checkConfig({ ...PRESETS.smoke, train: { ...PRESETS.smoke.train, ...train }, budgets: { maxResponseTokens: 952 }, ...others }, String);
const rlOnly = { sft: false, rl: true };
const n = parameterCount(shape);
/** Of 1,000 tokens, 48 + 952. */
const forward = 2 * n * 1_000 + 2 * 2 * 3 * 5 * 1_000 ** 2;

describe("planRun", () => {
  test("worked by hand", () => {
    const plan = planRun(size, config({ steps: 7, promptsPerStep: 4, groupSize: 2, evaluateEvery: 3 }), rlOnly);
    expect(plan).toMatchObject({
      parameters: n,
      sequenceTokens: 1_000,
      rolloutsPerStep: 8,
      rollouts: 56,
      evaluationRollouts: 20,
      evaluations: 4, // before, after, and at steps 3 and 6
      evaluatedRollouts: 60,
      rows: 0,
      kvBytesPerSequence: 2 * 2 * 1 * 5 * 4 * 1_000,
      sequences: 20, // of an evaluation at once
      flop: forward * (56 * 4 + 2 * 20 + 2 * 10), // sampled, and an update of three times that
      memoryUse: { critic: false, reference: undefined, cachedTokens: 20_000, trainedTokens: 8_000 },
    });
    expect(plan.memory).toEqual(memoryNeed(shape, plan.memoryUse));
  });

  test("recomputed log-probabilities, further epochs, a critic and a reference cost passes", () => {
    const base = { steps: 1, promptsPerStep: 1, groupSize: 2 };
    const passes = (train: object) => planRun({ ...size, testProblems: 0 }, config({ ...base, ...train }), rlOnly).flop / (2 * forward);
    expect(passes({})).toBe(4);
    expect(passes({ oldLogProbs: "trainer" })).toBe(5);
    expect(passes({ epochs: 2 })).toBe(7);
    expect(passes({ advantage: "gae" })).toBe(8); // sampling, values, two updates
    expect(passes({ kl: { coef: 0.01 } })).toBe(5);
  });

  test("supervised stages cost three passes per row, and validations samples", () => {
    const stages = [{ ...PRESETS.smoke.sft.stages[0], steps: 10, batchSize: 3, stopAtAccuracy: 0.9, validateFrom: 4, validateEvery: 3, validationProblems: 5 }]; // prettier-ignore
    const plan = planRun(size, config({}, { sft: { stages } }), { sft: true, rl: false });
    expect(plan).toMatchObject({ rows: 30, validationRollouts: 15, rollouts: 0, evaluations: 1, flop: forward * (90 + 15 + 20) });
    expect(plan.memoryUse.trainedTokens).toBe(3_000);
  });

  test("a micro-batch is no longer than its limit, unless one row is", () => {
    const trained = (maxTokensPerMicroBatch: number) =>
      planRun(size, config({ promptsPerStep: 4, groupSize: 2 }, { optimizer: { maxTokensPerMicroBatch } }), rlOnly).memoryUse.trainedTokens;
    expect([trained(20_000), trained(3_500), trained(10)]).toEqual([8_000, 3_500, 1_000]);
  });

  test("an adapter's critic and reference share the base", () => {
    const lora = { rank: 4, modules: ["q", "o"] as const };
    // q: 896 → 3 · 5 and o: 3 · 5 → 896, in 2 layers
    const a = 2 * (4 * (896 + 15) + 4 * (15 + 896));
    const { memory } = planRun({ ...size, lora: { ...lora, modules: [...lora.modules] } }, config({ advantage: "gae", kl: { coef: 0.01 } }), rlOnly); // prettier-ignore
    expect([memory.weights, memory.gradients, memory.moments]).toEqual([4 * (n + a), 4 * a, 8 * a]);
    expect([memory.critic, memory.reference]).toEqual([16 * a, 4 * a]);
  });
});

describe("a run and its plan", () => {
  test("agree on parameters, prompts and counts", async () => {
    const folder = await mkdtemp(join(tmpdir(), "retool-plan-"));
    const set = ["backend=wasm", "train.evaluateEvery=2", "eval.problems=7", "eval.samples=2"];
    const parts = { sft: true, rl: true };
    const own = await loadConfig({ preset: "smoke", set });
    const plan = planRun(await measureRun(own, parts, { download: false }), own, parts);
    await runCommand("quickstart", parts, { preset: "smoke", set, output: folder, resume: false, dryRun: false }, quietShell());
    const run = await openRunFolder(folder);
    expect(run.readSummary()!.model.parameters).toBe(plan.parameters);
    const records = (name: string) => readTrajectories(join(folder, `trajectories/${name}.jsonl.gz`));
    const evaluated = [...(await records("coldStart")), ...(await records("final"))];
    const trained = (await Promise.all(["step-000011", "step-000012", "step-000013"].map(records))).flat();
    expect(evaluated).toHaveLength(2 * plan.evaluationRollouts);
    expect(plan.evaluations).toBe(3);
    expect(plan.evaluatedRollouts).toBe(3 * plan.evaluationRollouts);
    expect(trained).toHaveLength(plan.rollouts);
    expect(Math.max(...[...evaluated, ...trained].map(({ promptTokens }) => promptTokens))).toBe(plan.promptTokens);
    await rm(folder, { recursive: true });
  });
});

test("the longest prompt is one of those that will be read: training problems count where there is reinforcement learning", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-plan-"));
  const file = join(folder, "train.jsonl");
  await writeFile(file, `${JSON.stringify({ question: "one two three ".repeat(40), answer: "1" })}\n`);
  const own = await loadConfig({ preset: "smoke", set: [`data.train.path=${file}`, "eval.problems=3"] });
  const [without, withRl] = [await measureRun(own, { sft: true, rl: false }, { download: false }), await measureRun(own, rlOnly, { download: false })]; // prettier-ignore
  expect([without.promptsRead, withRl.promptsRead]).toEqual([3, 4]);
  expect(withRl.promptTokens).toBeGreaterThan(without.promptTokens + 80);
  const absent = await loadConfig({ preset: "smoke", set: ["data.test.path=hub:owner/name"] });
  expect(await measureRun(absent, rlOnly, { download: false })).toMatchObject({ promptTokens: 2_048, promptsTooLong: 0, promptsRead: 0 });
  await rm(folder, { recursive: true });
});

describe("the verdict", () => {
  const large = MODEL_SHAPES["Qwen2.5-32B-Instruct"];
  const settings = config({ steps: 150 });
  const plan = planRun(publishedSize(large, settings), settings, rlOnly);

  test("names what a machine lacks", () => {
    const text = describePlan(plan, { memoryBytes: 16 * 2 ** 30, flopPerSecond: 1e11, refusal: "backend wasm: 4 GiB" });
    expect(text).toMatch(/cannot run it: backend wasm: 4 GiB; its 16\.0 GiB of memory are less than 755 GiB; it would take about \d+ days/);
    expect(text).toContain("weights 122 GiB, gradients 122 GiB, moments 244 GiB"); // 32.76e9 · 4 / 2³⁰ = 122.05
    expect(text).toContain("prompts of up to 2,048 (a limit; none was read)");
  });

  test("is good where there is room and speed", () => {
    expect(describePlan(plan, { memoryBytes: 1e13, flopPerSecond: 1e18 })).toContain("this machine could run it");
  });
});
