import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";
import { countedOperations, countOperations, outcomeOf, runCommandLine, runProcess } from "./kill-run.js";

const SETTINGS = ["backend=wasm", "sft.stages.0.steps=2", "sft.stages.1.steps=1", "sft.saveEvery=1", "train.steps=2", "train.saveEvery=1", "eval.problems=2"]; // prettier-ignore

const built = useBuiltCommandLine();

test("killed with SIGKILL in the middle of writes, a resumed run ends as if it had never stopped", { timeout: 240_000 }, async () => {
  const whole = { program: built.program("cli"), run: join(built.scratch, "whole"), settings: SETTINGS };
  const operations = await countOperations(whole);
  const killed = { ...whole, run: join(built.scratch, "killed") };
  for (const share of [0.3, 0.3, 0.2]) {
    const at = String(Math.floor(share * operations));
    expect(await runProcess(killed, { RETOOL_TEST_KILL_AT: at })).toBe("SIGKILL");
  }
  expect(await runProcess(killed)).toBe("done");
  expect(await outcomeOf(killed.run)).toEqual(await outcomeOf(whole.run));
});

test("an evaluation that is killed goes on with the same command, and ends with the same bytes", { timeout: 240_000 }, async () => {
  const evaluate = (out: string, environment: Readonly<Record<string, string>>) =>
    runCommandLine(
      built.program("cli"),
      ["eval", join(built.scratch, "whole"), "--samples", "3", "--limit", "4", "--output", join(built.scratch, out), "-q"],
      environment,
    );
  const operations = await countedOperations(join(built.scratch, "eval"), (environment) => evaluate("eval", environment));
  for (const share of [0.2, 0.5, 0.9]) {
    expect(await evaluate("eval-killed", { RETOOL_TEST_KILL_AT: String(Math.ceil((share * operations) / 2)) })).toBe("SIGKILL");
  }
  expect(await evaluate("eval-killed", {})).toBe("done");
  for (const file of ["eval.json", "evaluation.json", "trajectories/eval.jsonl.gz"]) {
    expect((await readFile(join(built.scratch, "eval-killed", file))).equals(await readFile(join(built.scratch, "eval", file))), file).toBe(
      true,
    );
  }
});
