import type { Summary } from "../src/summary.js";
import type { TrajectoryRecord } from "../src/trajectory-record.js";

/** A right answer found by one call; `overrides` change what a test is about. */
export function exampleRecord(overrides: Partial<TrajectoryRecord> = {}): TrajectoryRecord {
  return {
    phase: "final",
    step: 50,
    problemId: "gcd-1",
    sampleIndex: 0,
    question: "What is gcd(12, 18)?",
    groundTruth: "6",
    family: "gcd",
    level: 1,
    score: 1,
    correct: true,
    prediction: "6",
    parts: { outcome: 1 },
    stopReason: "answered",
    turns: 2,
    promptTokens: 9,
    responseTokens: 20,
    segments: [
      { kind: "prompt", text: "What is gcd(12, 18)?", tokens: 9 },
      { kind: "model", text: "Let me compute.<code>gcd(12, 18)</code>", tokens: 11 },
      { kind: "tool", text: "<interpreter>6</interpreter>", tokens: 3 },
      { kind: "model", text: "<answer>\\boxed{6}</answer>", tokens: 6 },
    ],
    toolCalls: [{ tool: "code_interpreter", input: "gcd(12, 18)", result: "6", status: "ok", fuel: 1, start: 9 }],
    ...overrides,
  };
}

/** A cold start at 52 % that ends at 96 %. */
export function exampleSummary(): Summary {
  const phase = { n: 200, codeRatio: 0.6, codePassRate: 0.97, meanTurns: 1.8, meanTokens: 24.5 };
  return {
    seed: 1,
    backend: "wasm",
    seconds: 421,
    peakRssBytes: 612 * 2 ** 20,
    model: { parameters: 160_192 },
    phases: {
      coldStart: { ...phase, accuracy: 0.52, ci95: [0.45, 0.59] },
      final: {
        ...phase,
        codeRatio: 1,
        accuracy: 0.965,
        ci95: [0.93, 0.98],
        levels: { 1: { n: 100, accuracy: 0.99 }, 2: { n: 100, accuracy: 0.94 } },
      },
    },
  };
}
