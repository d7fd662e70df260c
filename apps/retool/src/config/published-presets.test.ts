import { writeFileSync } from "node:fs";
import { codeInterpreter } from "@retool-ts/rollout";
import { resolveLimits } from "@retool-ts/sandbox";
import { afterAll, describe, expect, test } from "vitest";
import { loadConfig } from "./load-config.js";
import { createReward } from "./reward-config.js";
import { toolSchemas } from "../setup/dialect-setup.js";
import { PRESET_NAMES, PRESET_TABLE, type Preset, type PresetName } from "./presets.js";

/** A value of a published recipe: its key here, the value, and the source that gives it. */
type Published = readonly [key: string, value: unknown, source: string];

/** The tool as verl's recipe describes it to the model. */
const VERL_TOOL = {
  type: "function",
  function: {
    name: "code_interpreter",
    description: "A tool for executing code.",
    parameters: { type: "object", properties: { code: { type: "string", description: "The code to execute." } }, required: ["code"] },
  },
};

const PAPER = "arXiv 2504.11536 v2, sec. 2.3 and 3.1";
const RELEASED = "ReTool-RL/ReTool @ 8407e13, evaluation/";
const VERL = "verl-project/verl-recipe @ 48ea0a7, retool/; volcengine/verl @ b178a3c";
const SLIME = "THUDM/slime @ 624b824, examples/retool/";

const paper: readonly Published[] = [
  ["train.advantage", "gae", PAPER],
  ["train.learningRate.peak", 1e-6, PAPER],
  ["train.kl", null, PAPER],
  ["train.dualClip", null, PAPER],
  ["prompts of a mini-batch", 512, PAPER],
  ["symmetric clip", true, PAPER],
  ["sft.stages.0.learningRate.peak", 1e-6, PAPER],
  ["train.maskToolTokens", true, PAPER],
  ["reward.correct", 1, PAPER],
  ["reward.wrong", -1, PAPER],
  ["reward.parts", [], PAPER],
  ["train.dynamicSampling", null, PAPER],
  ["dialect.name", "xml", PAPER],
  ["prompt and response tokens", 16_384, PAPER],
  ["data.train.path", "hub:BytedTsinghua-SIA/DAPO-Math-17k", RELEASED],
  ["data.test.path", "hub:Maxwell-Jia/AIME_2024", PAPER],
  ["train.evaluateEvery", 40, PAPER],
  ["eval.problems", 30, PAPER],
  ["eval.samples", 32, PAPER],
  ["data.validation", "test", PAPER],
  ["eval.sampling", { temperature: 1, topP: 0.7, topK: 0, minP: 0 }, RELEASED],
];

const paperWithTool: readonly Published[] = [
  ...paper,
  ["train.steps", 400, PAPER],
  ["epochs of 2,000 rows", 2, PAPER],
  ["sft.stages.0.source.path", "hub:JoeYing/ReTool-SFT", RELEASED],
  ["sandbox.language", "python", PAPER],
  ["sandbox.stateful", false, RELEASED],
  ["sandbox.wallMs", 5_000, RELEASED],
  ["one worker a CPU", true, RELEASED],
  ["budgets.maxTurns", Infinity, RELEASED],
  ["budgets.maxToolOutputChars", 400, RELEASED],
  ["budgets.toolOutputCut", "middle", RELEASED],
  ["dialect.resultOpen", "\n<interpreter>\n", RELEASED],
  ["dialect.resultClose", "</interpreter>\n\n", RELEASED],
];

const verl: readonly Published[] = [
  ["tool", VERL_TOOL, VERL],
  ["reward of a wrong answer after 0 to 5 calls", [-1, -0.9, -0.8, -0.7, -0.6, -0.6], VERL],
  ["reward of a right answer after 0 to 5 calls", [1, 1, 1, 1, 1, 1], VERL],
  ["turns and calls at most", "one call less than turns", VERL],
  ["passes over a mini-batch", 1, VERL],
  ["data.validation", "test", VERL],
  ["eval.problems", 30, VERL],
  ["optimizer.weightDecay of SFT", 0.01, VERL],
  ["sft.stages.0.source.path", "hub:JoeYing/ReTool-SFT", VERL],
  ["sft.stages.0.source.maxTokens", 16_384, VERL],
  ["sft.stages.0.source.tooLong", "refuse", VERL],
  ["sft.stages.0.steps", 372, VERL],
  ["sft.stages.0.batchSize", 32, VERL],
  ["sft.stages.0.learningRate", { peak: 1e-5, kind: "cosine", warmupSteps: 37, floor: 0, decaySteps: null }, VERL],
  ["optimizer.beta2 of SFT", 0.95, VERL],
  ["optimizer.beta1", 0.9, VERL],
  ["optimizer.beta2", 0.999, VERL],
  ["optimizer.weightDecay", 0.01, VERL],
  ["optimizer.maxGradNorm", 1, VERL],
  ["train.learningRate.peak", 1e-6, VERL],
  ["train.learningRate.kind", "constant", VERL],
  ["train.learningRate.warmupSteps", 0, VERL],
  ["train.clipLow", 0.2, VERL],
  ["train.clipHigh", 0.28, VERL],
  ["train.dualClip", 10, VERL],
  ["train.kl", null, VERL],
  ["train.entropyCoef", 0, VERL],
  ["train.aggregation", "token-mean", VERL],
  ["train.epochs", 1, VERL],
  ["train.oldLogProbs", "trainer", VERL],
  ["train.sampling", { temperature: 1, topP: 1, topK: 0, minP: 0 }, VERL],
  ["train.dynamicSampling", null, VERL],
  ["longest prompt", 2_048, VERL],
  ["budgets.maxResponseTokens", 16_384, VERL],
  ["budgets.maxToolOutputChars", 256, VERL],
  ["budgets.toolOutputCut", "middle", VERL],
  ["dialect.name", "hermes", VERL],
  ["dialect.maxParallelCalls", 1, VERL],
  ["prompt.template", "{question}\nThe answer format must be: \\boxed{'The final answer goes here.'}", VERL],
  ["prompt.system", null, VERL],
  ["sandbox.language", "python", VERL],
  ["sandbox.stateful", false, VERL],
  ["sandbox.wallMs", 30_000, VERL],
  ["sandbox.memoryMiB", 1_024, VERL],
  ["sandbox.workers", 128, VERL],
  ["reward.rule", "math-dapo-strict", VERL],
  ["reward.correct", 1, VERL],
  ["reward.wrong", -1, VERL],
  ["reward.parts", [{ kind: "tool-calls", count: "turns", weight: 1 }], VERL],
  ["data.train.path", "hub:BytedTsinghua-SIA/DAPO-Math-17k", VERL],
  ["data.test.path", "hub:yentinglin/aime_2025", VERL],
  ["eval.samples", 30, VERL],
  ["eval.sampling", { temperature: 1, topP: 0.6, topK: 0, minP: 0 }, VERL],
];

const verl32 = (own: readonly Published[]): readonly Published[] => [
  ...verl,
  ["budgets.maxTurns", 8, VERL],
  ["budgets.maxToolCalls", 7, VERL],
  ["train.evaluateEvery", 5, VERL],
  ...own,
];

const PUBLISHED: Partial<Record<PresetName, readonly Published[]>> = {
  "qwen2.5-32b-paper": [["model", "Qwen2.5-32B-Instruct", PAPER], ...paperWithTool],
  "r1-distill-32b-paper": [["model", "DeepSeek-R1-Distill-Qwen-32B", PAPER], ...paperWithTool],
  "qwen2.5-32b-paper-text": [
    ["model", "Qwen2.5-32B-Instruct", PAPER],
    ...paper,
    ["train.steps", 1_080, PAPER],
    ["tools", [], PAPER],
    ["prompt.tools", false, PAPER],
    ["budgets.maxToolCalls", 0, PAPER],
    ["sft.stages.0.source.path", "a text cold start, not released", PAPER],
  ],
  "verl-grpo-32b": verl32([
    ["model", "Qwen2.5-32B-Instruct", VERL],
    ["train.advantage", "grpo", VERL],
    ["train.promptsPerStep", 512, VERL],
    ["train.groupSize", 16, VERL],
    ["prompts of a mini-batch", 64, VERL],
    ["train.steps", 150, VERL],
  ]),
  "verl-grpo-7b": [
    ["model", "Qwen2.5-7B-Instruct", VERL],
    ...verl,
    ["train.advantage", "grpo", VERL],
    ["train.promptsPerStep", 64, VERL],
    ["train.groupSize", 16, VERL],
    ["prompts of a mini-batch", 16, VERL],
    ["budgets.maxTurns", 16, VERL],
    ["budgets.maxToolCalls", 15, VERL],
    ["train.evaluateEvery", 10, VERL],
  ],
  "verl-ppo-32b": verl32([
    ["model", "Qwen2.5-32B-Instruct", VERL],
    ["train.advantage", "gae", VERL],
    ["train.promptsPerStep", 1_024, VERL],
    ["train.groupSize", 1, VERL],
    ["prompts of a mini-batch", 256, VERL],
    ["train.critic.learningRate.peak", 2e-6, VERL],
    ["train.critic.warmupSteps", 20, VERL],
    ["train.critic.clipValue", 0.5, VERL],
    ["train.gamma", 1, VERL],
    ["train.gaeLambda", 1, VERL],
    ["train.steps", 250, VERL],
  ]),
  "slime-4b": [
    ["model", "Qwen3-4B-Instruct-2507", SLIME],
    ["reward of a wrong answer after 0 to 5 calls", [-1.1, -1.05, -1, -0.95, -0.9, -0.85], SLIME],
    ["reward of a right answer after 0 to 5 calls", [1, 1, 1, 1, 1, 1], SLIME],
    ["tool", "A tool for executing Python code in a safe sandbox environment.", SLIME],
    ["eval.problems", 30, SLIME],
    ["longest response in validation", 16_384, SLIME],
    ["optimizer.weightDecay of SFT", 0.1, SLIME],
    ["data.validation", "test", SLIME],
    ["sft.stages.0.source.path", "hub:JoeYing/ReTool-SFT", SLIME],
    ["sft.stages.0.source.maxTokens", 9_216, SLIME],
    ["sft.stages.0.batchSize", 128, SLIME],
    ["sft.stages.0.learningRate.peak", 1e-5, SLIME],
    ["sft.stages.0.learningRate.kind", "cosine", SLIME],
    ["sft.stages.0.learningRate.floor", 0.1, SLIME],
    ["whole epochs of 15 batches", 3, SLIME],
    ["optimizer.beta2 of SFT", 0.95, SLIME],
    ["optimizer.beta1", 0.9, SLIME],
    ["optimizer.beta2", 0.98, SLIME],
    ["optimizer.weightDecay", 0.1, SLIME],
    ["train.advantage", "grpo", SLIME],
    ["train.promptsPerStep", 32, SLIME],
    ["train.groupSize", 8, SLIME],
    ["prompts of a mini-batch", 32, SLIME],
    ["train.learningRate.peak", 1e-6, SLIME],
    ["train.learningRate.kind", "constant", SLIME],
    ["train.clipLow", 0.2, SLIME],
    ["train.clipHigh", 0.28, SLIME],
    ["train.dualClip", null, SLIME],
    ["train.entropyCoef", 0, SLIME],
    ["train.steps", 3_000, SLIME],
    ["train.sampling.temperature", 1, SLIME],
    ["budgets.maxTurns", 16, SLIME],
    ["budgets.maxToolCalls", 16, SLIME],
    ["prompt and response tokens", 9_216, SLIME],
    ["budgets.maxToolOutputChars", Infinity, SLIME],
    ["dialect.resultOpen", "\n\n<interpreter>\n", SLIME],
    ["dialect.resultClose", "\n</interpreter>\n\n", SLIME],
    ["prompt.system", "a system message of its own", SLIME],
    ["sandbox.language", "python", SLIME],
    ["sandbox.stateful", false, SLIME],
    ["sandbox.wallMs", 120_000, SLIME],
    ["sandbox.memoryMiB", 4_096, SLIME],
    ["sandbox.workers", 32, SLIME],
    ["reward.rule", "math-dapo-strict", SLIME],
    ["reward.parts", [{ kind: "tool-calls", count: "toolCalls", weight: 1 }], SLIME],
    ["train.evaluateEvery", 20, SLIME],
    ["data.train.path", "hub:BytedTsinghua-SIA/DAPO-Math-17k", SLIME],
    ["data.test.path", "hub:Maxwell-Jia/AIME_2024", SLIME],
    ["eval.samples", 16, SLIME],
    ["eval.sampling.topP", 1, SLIME],
  ],
};

/** What stays different, as `key: published → ours`, and where the notes say so. */
const DIFFERENT: Partial<Record<PresetName, readonly (readonly [difference: string, note: string])[]>> = {
  "qwen2.5-32b-paper": [
    ["prompt and response tokens: 16384 → undefined", "budgets.maxResponseTokens: of the response alone"],
    ["one worker a CPU: true → undefined", "a process per CPU"],
    ["budgets.maxTurns: Infinity → 16", "budgets.maxTurns: neither"],
  ],
  "qwen2.5-32b-paper-text": [
    ["prompt and response tokens: 16384 → undefined", "budgets.maxResponseTokens: of the response alone"],
    ['sft.stages.0.source.path: "a text cold start, not released" → "text-cold-start.jsonl"', "sft.stages: the paper's text cold start"],
  ],
  "verl-grpo-32b": [
    ["optimizer.beta2 of SFT: 0.95 → undefined", "optimizer.beta2: of RL, 0.999"],
    ["longest prompt: 2048 → undefined", "longest prompt: no such limit"],
    ["sandbox.workers: 128 → 64", "sandbox.workers: 64 is the most"],
  ],
  "slime-4b": [
    ['tool: "A tool for executing Python code in a safe sandbox environment." → undefined', "dialect: calls are in <code> tags"],
    ["longest response in validation: 16384 → undefined", "16,384 in validation"],
    ["optimizer.beta2 of SFT: 0.95 → undefined", "optimizer.beta2: of the RL run, 0.98"],
    ["prompt and response tokens: 9216 → undefined", "budgets.maxResponseTokens: 8,192 per response"],
    ["budgets.maxToolOutputChars: Infinity → 65536", "budgets.maxToolOutputChars: the recipe has none"],
    ['prompt.system: "a system message of its own" → null', "prompt.system: none"],
    ["sandbox.memoryMiB: 4096 → 1024", "sandbox.memoryMiB: 1,024 is the most"],
  ],
};
const differencesOf = (preset: PresetName) =>
  DIFFERENT[preset] ?? DIFFERENT[preset.startsWith("verl") ? "verl-grpo-32b" : "qwen2.5-32b-paper"]!;

type Config = Awaited<ReturnType<typeof loadConfig>>;

/** Values that no key has alone. */
const DERIVED: Readonly<Record<string, (config: Config, preset: PresetName) => unknown>> = {
  model: (_, preset) => (PRESET_TABLE[preset] as Preset).published!.model,
  // Of Hermes' dialect, whose chat template shows it; tags have no description.
  tool: ({ dialect }) => (dialect.name === "hermes" ? toolSchemas([codeInterpreter({ run: unused })])[0] : undefined),
  "reward of a wrong answer after 0 to 5 calls": (config) => rewards(config, "\\boxed{2}"),
  "reward of a right answer after 0 to 5 calls": (config) => rewards(config, "\\boxed{1}"),
  "turns and calls at most": ({ budgets }) => (budgets.maxToolCalls === budgets.maxTurns - 1 ? "one call less than turns" : undefined),
  "passes over a mini-batch": ({ train }) => train.epochs,
  "optimizer.weightDecay of SFT": ({ optimizer }) => optimizer.weightDecay,
  "prompts of a mini-batch": ({ train }) => train.promptsPerStep / train.updatesPerStep,
  "symmetric clip": ({ train }) => train.clipLow === train.clipHigh,
  "epochs of 2,000 rows": ({ sft }) => sft.stages[0]!.steps / Math.floor(2_000 / sft.stages[0]!.batchSize),
  "whole epochs of 15 batches": ({ sft }) => sft.stages[0]!.steps / 15,
};

const unused = () => Promise.reject(new Error("nothing is run here"));

/** Scores of a response with so many calls, each in a turn of its own, and the answer in one more. */
function rewards(config: Config, response: string): number[] {
  const reward = createReward(config.reward, config.budgets.maxResponseTokens);
  return [0, 1, 2, 3, 4, 5].map((toolCalls) => {
    const { score } = reward({ response, modelText: response, groundTruth: "1", toolCalls, turns: toolCalls + 1, responseTokens: 10 });
    return Number(score.toFixed(9));
  });
}

function valueAt(config: Config, preset: PresetName, key: string): unknown {
  const derived = DERIVED[key];
  if (derived !== undefined) return derived(config, preset);
  return key.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], config);
}

/** JSON, with an order of keys. */
function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return JSON.stringify(value);
  return JSON.stringify(Object.entries(value).toSorted());
}

const withModels = Object.entries(PRESET_TABLE as Record<string, Preset>).filter(([, { published }]) => published !== undefined);

const rowsOfTable: string[] = [];
const TABLE = process.env["RETOOL_PRESET_TABLE"];
afterAll(() => {
  if (TABLE === undefined) return;
  writeFileSync(
    TABLE,
    ["| preset | value | published | here | source |", "| --- | --- | --- | --- | --- |", ...rowsOfTable, ""].join("\n"),
  );
});

test("every preset of a published recipe is in the table; the one for a machine's size is this project's own", () => {
  const names = withModels.map(([name]) => name).filter((name) => name !== "qwen2.5-0.5b");
  expect(Object.keys(PUBLISHED).toSorted()).toEqual(names.toSorted());
});

describe.each(Object.entries(PUBLISHED) as [PresetName, readonly Published[]][])("preset %s against its sources", (preset, rows) => {
  test("has their values, and what stays different is named in its notes", async () => {
    const config = await loadConfig({ preset });
    const table = rows.map(([key, value, source]) => ({ key, published: text(value), ours: text(valueAt(config, preset, key)), source }));
    const different = table.filter(({ published, ours }) => published !== ours);
    rowsOfTable.push(...table.map(({ key, published, ours, source }) => `| ${preset} | ${key} | ${published} | ${ours} | ${source} |`));
    const expected = differencesOf(preset);
    expect(different.map(({ key, published, ours }) => `${key}: ${published} → ${ours}`)).toEqual(expected.map(([row]) => row));
    const notes = (PRESET_TABLE[preset] as Preset).published!.notes.join("\n");
    for (const [, note] of expected) expect(notes).toContain(note);
  });

  test("says of its time-out that it is not scored, where it has one", () => {
    const notes = (PRESET_TABLE[preset] as Preset).published!.notes.join("\n");
    expect(/sandbox\.wallMs: .* never scored/.test(notes)).toBe(rows.some(([key]) => key === "sandbox.wallMs"));
  });
});

test.each(PRESET_NAMES)("the sandbox takes the limits of preset %s", async (preset) => {
  const { fuel, wallMs, memoryMiB, outputChars } = (await loadConfig({ preset })).sandbox;
  expect(() => resolveLimits({ fuel, wallMs, memoryBytes: memoryMiB * 2 ** 20, outputChars })).not.toThrow();
});
