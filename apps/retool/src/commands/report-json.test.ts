import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exampleRecord, exampleSummary } from "../../../../packages/runs/test/example-run.js";
import { quietShell } from "../../test/quiet-shell.js";
import { createProgram } from "../shell/command-line.js";
import { registerCommands } from "./index.js";
import { createRunFolder, type TrajectoryRecord } from "@retool-ts/runs";
import { CHECKPOINT_PHASE } from "@retool-ts/report";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-json-"))));
afterEach(() => rm(folder, { recursive: true }));

const call = (input: string, status: "ok" | "error", start: number) => ({
  ...exampleRecord().toolCalls[0]!,
  input,
  result: status === "ok" ? "6" : "SyntaxError: missing )",
  status,
  start,
});
const model = (text: string) => ({ kind: "model", text, tokens: 1 }) as const;
const tool = { kind: "tool", text: "<interpreter>…</interpreter>", tokens: 1 } as const;

/** Failing code of two lines that are not blank, put right in one line; 40 tokens after a prompt of 10. */
const corrected: Partial<TrajectoryRecord> = {
  phase: "coldStart",
  step: 10,
  sampleIndex: 3,
  correct: true,
  promptTokens: 10,
  responseTokens: 40,
  segments: [model("<code>gcd(12,\n\n18</code>"), tool, model("<code>gcd(12, 18)</code>"), tool, model("<answer>6</answer>")],
  toolCalls: [call("gcd(12,\n\n18", "error", 20), call("gcd(12, 18)", "ok", 30)],
};
const withoutCode: Partial<TrajectoryRecord> = {
  phase: "coldStart",
  step: 10,
  sampleIndex: 4,
  correct: false,
  promptTokens: 10,
  responseTokens: 20,
  segments: [model("<answer>7</answer>")],
  toolCalls: [],
};
const checked: Partial<TrajectoryRecord> = {
  phase: "final",
  step: 50,
  correct: false,
  promptTokens: 10,
  responseTokens: 10,
  segments: [model("Let me verify.<code>6 == 7</code>"), tool, model("<answer>7</answer>")],
  toolCalls: [call("6 == 7", "ok", 15)],
};

async function printed(...words: readonly string[]): Promise<readonly string[]> {
  const shell = quietShell();
  await createProgram(shell, { quiet: true }, registerCommands).parseAsync(["report", ...words], { from: "user" });
  return shell.printed;
}

describe("retool report --json", () => {
  test("prints the measures of each phase and step, worked by hand, and writes no page", async () => {
    const run = await createRunFolder(join(folder, "run"));
    await run.writeSummary(exampleSummary());
    await run.writeTrajectories("final", [checked, { ...checked, phase: CHECKPOINT_PHASE, step: 30 }].map(exampleRecord));
    await run.writeTrajectories("cold-start", [corrected, withoutCode].map(exampleRecord));
    const output = await printed(run.path, "--json");
    expect(output).toHaveLength(1);
    const { steps, corrections, ...rest } = JSON.parse(output[0]!) as { steps: unknown[]; corrections: unknown[] };
    expect(rest).toEqual({ name: "run", phases: exampleSummary().phases, selfCorrections: 1 });
    expect(steps).toEqual([
      {
        phase: "coldStart",
        step: 10,
        purposes: { "number theory": 2 },
        measures: {
          rollouts: 2,
          accuracy: 1 / 2,
          codeRatio: 1 / 2,
          codeLines: 3 / 2,
          codeLinesWithCode: 3,
          calls: 2,
          correctCalls: 1,
          callsPerRollout: 1,
          callPassRate: { all: 1 / 2, right: 1 / 2, wrong: null },
          lastCallPassRate: { all: 1, right: 1, wrong: null },
          firstCallTiming: (20 - 10) / 40,
          callTiming: (10 / 40 + 20 / 40) / 2,
          responseTokens: { all: 30, right: 40, wrong: 20 },
          medianResponseTokens: 30,
          longResponseTokens: 38, // 20 + 0.9 · (40 − 20)
          failures: { error: 1 },
          failingShare: 1 / 2,
          selfCorrections: 1,
        },
      },
      {
        phase: "final",
        step: 50,
        purposes: { verification: 1 },
        measures: {
          rollouts: 1,
          accuracy: 0,
          codeRatio: 1,
          codeLines: 1,
          codeLinesWithCode: 1,
          calls: 1,
          correctCalls: 1,
          callsPerRollout: 1,
          callPassRate: { all: 1, right: null, wrong: 1 },
          lastCallPassRate: { all: 1, right: null, wrong: 1 },
          firstCallTiming: 5 / 10,
          callTiming: 5 / 10,
          responseTokens: { all: 10, right: null, wrong: 10 },
          medianResponseTokens: 10,
          longResponseTokens: 10,
          failures: {},
          failingShare: 0,
          selfCorrections: 0,
        },
      },
    ]);
    expect(corrections).toEqual([
      {
        phase: "coldStart",
        step: 10,
        problemId: "gcd-1",
        sampleIndex: 3,
        failed: { code: "gcd(12,\n\n18", result: "SyntaxError: missing )", status: "error" },
        corrected: { code: "gcd(12, 18)", result: "6", status: "ok" },
      },
    ]);
    expect((await readdir(run.path)).sort()).toEqual(["summary.json", "trajectories"]);
  });

  test("a run that kept no rollouts has no steps; where there is no run, that is said", async () => {
    const run = await createRunFolder(join(folder, "run"));
    await run.writeConfig("seed: 1\n");
    const [output] = await printed(run.path, "--json");
    expect(JSON.parse(output!)).toEqual({ name: "run", phases: {}, steps: [], selfCorrections: 0, corrections: [] });
    await expect(printed(join(folder, "absent"), "--json")).rejects.toMatchObject({ name: "InputError" });
  });
});
