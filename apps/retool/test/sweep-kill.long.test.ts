import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RandomStream } from "@retool-ts/core";
import { expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";
import { countedOperations, runCommandLine } from "./kill-run.js";

/** Twelve cells, which share a cold start a seed, with curves and an evaluation on other problems. */
const SWEEP = `
presets: [smoke]
set:
  - backend=wasm
  - sft.stages.0.steps=2
  - sft.stages.1.steps=1
  - sft.saveEvery=1
  - train.steps=2
  - train.saveEvery=1
  - train.evaluateEvery=1
  - eval.problems=4
  - eval.validationProblems=5
seeds: [1, 2]
shareColdStarts: true
grid:
  train.loss: [ppo-clip, cispo, sapo, vespo]
  train.advantage: [grpo, rloo, otb]
evaluations: { harder: ["data.test.levelWeights=[0,0,1]"] }
`;

const KILLS = 10;

const built = useBuiltCommandLine();

test(
  "a sweep of twelve cells, killed ten times at random moments and resumed, gives the same tables and curves, byte for byte",
  { timeout: 3_600_000 },
  async () => {
    const file = join(built.scratch, "sweep.yaml");
    await writeFile(file, SWEEP);
    const sweep = (out: string, environment: Readonly<Record<string, string>> = {}) =>
      runCommandLine(built.program("cli"), ["sweep", file, "--output", join(built.scratch, out), "--processes", "1", "-q"], environment);
    const operations = await countedOperations(join(built.scratch, "whole"), (environment) => sweep("whole", environment));
    const stream = new RandomStream(1, ["kill", "sweep"]);
    for (let kill = 0; kill < KILLS; kill++) {
      const at = stream.integer(1, Math.ceil((1.5 * operations) / KILLS)); // three quarters of the way in all, in the mean
      expect(await sweep("killed", { RETOOL_TEST_KILL_AT: String(at) }), `kill ${kill + 1}, at operation ${at}`).toBe("SIGKILL");
    }
    expect(await sweep("killed")).toBe("done");
    const read = (out: string, name: string) => readFile(join(built.scratch, out, name), "utf8");
    expect((JSON.parse(await read("whole", "sweep.json")) as { readonly runs: readonly unknown[] }).runs).toHaveLength(24);
    for (const name of ["sweep.json", "sweep.csv", "curves.csv", "curves.svg"])
      expect(await read("killed", name), name).toBe(await read("whole", name));
  },
);
