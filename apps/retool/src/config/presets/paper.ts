import type { RecipeInput } from "../recipe-config.js";
import { AIME_2024, DAPO_MATH, RETOOL_SFT } from "./datasets.js";
import { PAPER_RESULT, TIMEOUT_NOTE } from "./interpreter.js";
import type { ModelPreset } from "./model-preset.js";

const SOURCES = [
  "Feng et al., ReTool, arXiv 2504.11536 v2, sections 2.3 and 3.1",
  "ReTool-RL/ReTool @ 8407e13, evaluation settings and training set",
];

/** Two epochs of 2,000 rows in batches of 32. */
const SFT_STAGE = {
  name: "cold-start",
  source: RETOOL_SFT,
  steps: 124,
  batchSize: 32,
  learningRate: { peak: 1e-6, kind: "constant" },
} as const;

const TRAIN = {
  advantage: "gae",
  critic: { learningRate: { peak: 2e-6, kind: "constant" } },
  steps: 400,
  promptsPerStep: 512,
  groupSize: 1,
  learningRate: { peak: 1e-6, kind: "constant" },
  clipLow: 0.2,
  clipHigh: 0.2,
  dualClip: null,
  evaluateEvery: 40,
  saveEvery: 40,
  keepCheckpoints: 10,
} as const;

const CONFIG = {
  data: { train: DAPO_MATH, validation: "test", test: AIME_2024 },
  sandbox: { language: "python", wallMs: 5_000, memoryMiB: 1_024, workers: 64 },
  dialect: PAPER_RESULT,
  optimizer: { maxTokensPerMicroBatch: 16_384 },
  sft: { stages: [SFT_STAGE] },
  budgets: { maxResponseTokens: 16_384, maxTurns: 16, maxToolCalls: 16, maxToolOutputChars: 400, toolOutputCut: "middle" },
  reward: { rule: "equivalence" },
  train: TRAIN,
  eval: { problems: 30, samples: 32, sampling: { temperature: 1, topP: 0.7, topK: 0 } },
} as const satisfies RecipeInput;

/** Of every run of the paper. */
const NOTES = [
  "given by the paper: PPO, 512 prompts a mini-batch, learning rate 1e-6 of SFT and RL, KL coefficient 0, 16,384 tokens, two epochs of cold start, AIME with 32 samples at temperature 1 and top-p 0.7",
  "not given, taken from verl's recipe: critic's learning rate, batch of the cold start",
  "not given, this project's defaults: one update per step, one sample per prompt, temperature 1 in training, loss aggregation, AdamW's betas and decay of SFT and RL",
  "train.clipLow, train.clipHigh: the paper clips at 1 ± ε and does not give ε; 0.2 is PPO's. It has no dual clip",
  "budgets.maxResponseTokens: of the response alone; the paper's 16,384 tokens hold the prompt too, and no longest prompt is given",
  "reward.rule: in training as in evaluation; the paper compares normalized strings in training, and its evaluation code also takes the last integer of the last line",
  "data.validation: the paper's curves are of the test problems themselves",
  "data.test: AIME 2024; the paper evaluates on AIME 2025 too",
  "prompt.template: this project's words around the paper's tags; the paper's prompt can be named as prompt.file",
];

const TOOL_NOTES = [
  "sft.stages: the released ReTool-SFT stands for the paper's cold-start set, whose size it does not give; 124 steps are two epochs of 2,000 rows in batches of 32",
  "budgets.maxTurns: neither the paper nor its evaluation code has a cap",
  "budgets.maxToolOutputChars: 400, from the middle, as in the evaluation code, which marks the cut with three dots alone; the paper gives none",
  TIMEOUT_NOTE,
  "sandbox: 5 s as in the evaluation code, which has a process per CPU and shows the last line of a traceback; 1,024 MiB from verl; the paper gives no limits and shows whole tracebacks",
];

/** The paper's own recipe, on both of its models, and the text RL that it is compared with. */
export const PAPER_PRESETS = {
  "qwen2.5-32b-paper": {
    config: CONFIG,
    model: "Qwen2.5-32B-Instruct",
    sources: SOURCES,
    notes: [...NOTES, ...TOOL_NOTES],
  },
  "r1-distill-32b-paper": {
    config: CONFIG,
    model: "DeepSeek-R1-Distill-Qwen-32B",
    sources: SOURCES,
    notes: [...NOTES, ...TOOL_NOTES, "train.steps: the paper gives 400 for Qwen2.5-32B-Instruct, and none for this model"],
  },
  "qwen2.5-32b-paper-text": {
    config: {
      ...CONFIG,
      tools: [],
      sandbox: {},
      prompt: { tools: false },
      sft: { stages: [{ ...SFT_STAGE, name: "text-cold-start", source: { kind: "file", path: "text-cold-start.jsonl" } }] },
      budgets: { maxResponseTokens: 16_384, maxTurns: 1, maxToolCalls: 0 },
      train: { ...TRAIN, steps: 1_080, keepCheckpoints: 27 },
    },
    model: "Qwen2.5-32B-Instruct",
    sources: SOURCES,
    notes: [
      ...NOTES,
      "sft.stages: the paper's text cold start is not released; name conversations without code as sft.stages.0.source.path. Its size and steps are not given: as many as for the tool",
      "budgets.maxToolCalls: code is not run; a response that closes a <code> block ends there",
    ],
  },
} as const satisfies Record<string, ModelPreset>;
