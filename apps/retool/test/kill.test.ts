import { join } from "node:path";
import { expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";
import { countOperations, outcomeOf, runProcess } from "./kill-run.js";

const SETTINGS = ["backend=wasm", "sft.stages.0.steps=2", "sft.stages.1.steps=1", "sft.saveEvery=1", "train.steps=2", "train.saveEvery=1", "eval.problems=2"]; // prettier-ignore

const built = useBuiltCommandLine();

test("killed with SIGKILL in the middle of writes, a resumed run ends as if it had never stopped", { timeout: 240_000 }, async () => {
  const whole = { program: built.program("cli"), run: join(built.scratch, "whole"), settings: SETTINGS };
  const operations = await countOperations(whole);
  const killed = { ...whole, run: join(built.scratch, "killed") };
  for (const share of [0.3, 0.4, 0.5]) {
    const at = String(Math.floor(share * operations));
    expect(await runProcess(killed, { RETOOL_TEST_KILL_AT: at })).toBe("SIGKILL");
  }
  expect(await runProcess(killed)).toBe("done");
  expect(await outcomeOf(killed.run)).toEqual(await outcomeOf(whole.run));
});
