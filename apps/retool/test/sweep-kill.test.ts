import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";
import { countedOperations, runCommandLine } from "./kill-run.js";

const SWEEP = `
presets: [smoke]
set: [backend=wasm, "sft.stages.0.steps=2", "sft.stages.1.steps=1", sft.saveEvery=1, train.steps=2, train.saveEvery=1, eval.problems=2]
seeds: [1, 2]
grid: { train.loss: [ppo-clip, vespo] }
`;

const built = useBuiltCommandLine();

test(
  "a sweep killed with SIGKILL and resumed gives the same table, byte for byte, as one in two processes",
  { timeout: 240_000 },
  async () => {
    const file = join(built.scratch, "sweep.yaml");
    await writeFile(file, SWEEP);
    const sweep = (out: string, processes: number, environment: Readonly<Record<string, string>> = {}) =>
    runCommandLine(built.program("cli"), ["sweep", file, "--output", join(built.scratch, out), "--processes", String(processes), "-q"], environment); // prettier-ignore
    const operations = await countedOperations(join(built.scratch, "whole"), (environment) => sweep("whole", 1, environment));
    for (const share of [0.15, 0.3, 0.2]) {
      expect(await sweep("killed", 1, { RETOOL_TEST_KILL_AT: String(Math.floor(share * operations)) })).toBe("SIGKILL");
    }
    expect(await sweep("killed", 1)).toBe("done");
    expect(await sweep("parallel", 2)).toBe("done");
    for (const name of ["sweep.json", "sweep.csv"]) {
      const whole = await readFile(join(built.scratch, "whole", name), "utf8");
      for (const other of ["killed", "parallel"]) expect(await readFile(join(built.scratch, other, name), "utf8"), other).toBe(whole);
    }
  },
);
