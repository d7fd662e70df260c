import type { LogRecord } from "@retool-ts/runs";
import { exampleRecord } from "../../runs/test/example-run.js";
import { runWith } from "./example-page.test-support.js";
import type { RunData } from "./run-data.js";

/** Steps of the cold start and of RL in {@link exampleRun}. */
export const SFT_STEPS = 40;
export const RL_STEPS = 50;

/** Metrics of a run as the quickstart logs them: supervised steps, then RL with its steps counted on. */
export function exampleMetrics(): LogRecord[] {
  const sft = Array.from({ length: SFT_STEPS }, (_, i) => ({
    phase: "sft",
    stage: i < 30 ? "clean" : "imperfect",
    step: i + 1,
    "sft/loss": 6 / (i + 1),
    "sft/tokens": 1200 + i,
    "sft/target_tokens": 700,
    "optim/grad_norm": 2,
    "optim/learning_rate": 0.001 * i,
    ...(i % 10 === 9 ? { "validation/accuracy": i / 60 } : {}),
  }));
  const rl = Array.from({ length: RL_STEPS }, (_, i) => ({
    phase: "rl",
    step: SFT_STEPS + i + 1,
    "rl/step": i + 1,
    "reward/mean": i === 20 ? Number.NaN : -0.5 + i / 40,
    "reward/accuracy": i / 60,
    "rollout/code_ratio": 1,
    "stop/answered": 0.9,
    "stop/maxTokens": 0.1,
    "policy/entropy": 1 / (i + 1),
    "policy/trained_tokens": 1500,
    "optim/grad_norm": 0.4,
    "my/metric": i,
    ...(i % 10 === 9 ? heldOut(i) : {}),
  }));
  return [...sft, ...rl];
}

/** Held-out accuracies; nothing of level 3 is ever right. */
function heldOut(i: number): Record<string, number> {
  const part = (name: string, accuracy: number) => ({
    [`${name}/accuracy`]: accuracy,
    [`${name}/accuracy_low`]: accuracy * 0.9,
    [`${name}/accuracy_high`]: Math.min(1, accuracy + 0.1),
    [`${name}/problems`]: 20,
  });
  return { ...part("eval", i / 55), ...part("eval/level/1", i / 50), ...part("eval/level/3", 0) };
}

export const SYSTEM = "You are a careful mathematician.";
export const INSTRUCTIONS = "Use the interpreter, then put the answer into a box.";

/** A run of both phases with its manifest, its config, and prompts with a system message and instructions. */
export function exampleRun(): RunData {
  const prompt = (question: string) =>
    `<|im_start|>system\n${SYSTEM}<|im_end|>\n<|im_start|>user\n${question}\n${INSTRUCTIONS}<|im_end|>\n`;
  const records = ["coldStart", "train", "final"].flatMap((phase, at) =>
    Array.from({ length: 6 }, (_, i) => {
      const question = `What is gcd(12, ${i})?`;
      const [, ...rest] = exampleRecord().segments;
      return exampleRecord({
        phase,
        step: SFT_STEPS + 25 * at,
        problemId: `gcd-${i}`,
        question,
        correct: i % 3 < at,
        segments: [{ kind: "prompt", text: prompt(question), tokens: 40 }, ...rest],
        stopReason: i === 5 ? "maxTokens" : "answered",
      });
    }),
  );
  const train = records.filter(({ phase }) => phase === "train").map((record) => ({ ...record, step: record.step + 10 }));
  return runWith([...records, ...train], {
    metrics: exampleMetrics(),
    manifest: {
      retool: "1.2.3",
      node: "v20.20.2",
      platform: "linux-x64",
      backend: "wasm",
      seed: 1,
      started: "2026-01-02T03:04:05.678Z",
      command: ["quickstart", "--seed", "1"],
      commit: "fdc8145af6c5b7f6878031a7b69943a71a3d9b87",
      cpu: { model: "Example CPU", cores: 2, memoryBytes: 1 },
      libraries: { "@tensorflow/tfjs-core": "4.22.0" },
    },
    configText: "seed: 1\n",
    config: { seed: 1, plugins: [], sft: { stages: [{ steps: 40 }] }, train: { groupSize: 8, clipHigh: 0.28, kl: null } },
  });
}
