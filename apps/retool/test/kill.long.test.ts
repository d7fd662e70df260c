import { rm } from "node:fs/promises";
import { join } from "node:path";
import { RandomStream } from "@retool-ts/core";
import { expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";
import { countOperations, outcomeOf, runProcess } from "./kill-run.js";

/** Kills of a run, fewer where it is slow, and its settings beside the smoke preset's. */
const RUNS: readonly (readonly [name: string, kills: number, settings: readonly string[]])[] = [
  ["wasm", 6, ["backend=wasm"]],
  ["cpu", 2, ["backend=cpu", "budgets.maxResponseTokens=24"]],
  ["ppo", 4, ["backend=wasm", "train.advantage=gae", "train.critic.pretrainSteps=1", "train.kl.coef=0.1", "train.updatesPerStep=2"]],
  ["one-step-off", 4, ["backend=wasm", "train.offPolicySteps=1", "train.entropyCoef=0.01", "train.dynamicSampling.maxRefills=1"]],
];

const built = useBuiltCommandLine();

test.each(RUNS)(
  "%s: killed at random moments, again and again, it ends as if it had never stopped",
  { timeout: 1_200_000 },
  async (name, kills, settings) => {
    const common = ["sft.saveEvery=2", "train.saveEvery=1", "train.evaluateEvery=1", "eval.problems=4"];
    const whole = { program: built.program("cli"), run: join(built.scratch, name), settings: [...common, ...settings] };
    const operations = await countOperations(whole);
    const stream = new RandomStream(1, ["kill", name]);
    for (let kill = 0; kill < kills; kill++) {
      const killed = { ...whole, run: join(built.scratch, `${name}-${kill}`) };
      const at = stream.integer(1, operations);
      expect(await runProcess(killed, { RETOOL_TEST_KILL_AT: String(at) }), `at ${at}`).toBe("SIGKILL");
      // The first resume may be killed as well; when it is over before, it is done.
      await runProcess(killed, { RETOOL_TEST_KILL_AT: String(stream.integer(1, operations)) });
      await runProcess(killed);
      expect(await outcomeOf(killed.run), `killed at operation ${at} of ${operations}`).toEqual(await outcomeOf(whole.run));
      await rm(killed.run, { recursive: true });
    }
  },
);
