import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRunFolder, type RunFolder } from "@retool-ts/runs";
import { exampleRecord, exampleSummary } from "../../runs/test/example-run.js";

export const CONFIG = { seed: 1, sft: { stages: [{ steps: 30 }, { steps: 10 }] }, train: { steps: 100, groupSize: 8 } };

/** A folder that is gone after the work. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "retool-watch-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A run whose config is JSON, which is YAML too. */
export async function beginRun(path: string, config: unknown = CONFIG): Promise<RunFolder> {
  const run = await createRunFolder(path);
  await run.writeConfig(JSON.stringify(config));
  return run;
}

/** Logs steps of RL, `from` to `to`. */
export async function logSteps(run: RunFolder, from: number, to: number): Promise<void> {
  for (let step = from; step <= to; step++) {
    await run.appendMetrics({ phase: "rl", step, "rl/step": step, "reward/mean": step / 100, "reward/accuracy": step / 100 });
    await run.appendTimings({ phase: "rl", step, "time/step": 2, "rollout/tokens_per_second": 1_000 + step });
  }
}

/** A run with rollouts before and after, and a summary. */
export async function finishRun(run: RunFolder): Promise<void> {
  const wrong = { correct: false, prediction: "7", score: -1 };
  const [prompt, call, , answer] = exampleRecord().segments;
  await run.writeTrajectories("coldStart", [
    exampleRecord({ phase: "coldStart", step: 0, ...wrong, toolCalls: [], segments: [prompt!, answer!] }),
    exampleRecord({ phase: "coldStart", step: 0, problemId: "lcm-2", question: "What is lcm(4, 6)?" }),
  ]);
  await run.writeTrajectories("final", [
    exampleRecord({ step: 100 }),
    exampleRecord({ step: 100, problemId: "lcm-2", question: "What is lcm(4, 6)?", ...wrong, stopReason: "maxTokens" }),
    exampleRecord({
      step: 100,
      problemId: "late",
      toolCalls: [{ ...exampleRecord().toolCalls[0]!, status: "error" }],
      segments: [prompt!, call!],
    }),
  ]);
  await run.writeSummary(exampleSummary());
}
