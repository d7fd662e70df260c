import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { loadConfig } from "../config/load-config.js";
import { evaluateCheckpoint } from "../evaluation/evaluate-checkpoint.js";
import { setUpModel } from "../setup/model-setup.js";
import { saveModelFolder } from "../setup/save-model.js";
import { pairAnswers } from "./answers-difference.js";
import { diffRuns } from "./diff-command.js";
import type { RunDifference } from "./run-difference.js";

const answer = (i: number, correct: boolean, sampleIndex = 0) => ({ problemId: `p${i}`, question: `q${i}`, sampleIndex, correct });
const answers = (rights: readonly boolean[]) => rights.map((right, i) => answer(i, right));

describe("pairs of answers", () => {
  // Python: 2 * sum(comb(20, k) for k in range(6)) / 2**20, the same minus comb(20, 5) / 2**20, and Wilson's formula for 35 of 100
  test("both right 30, A alone 5, B alone 15, neither 50: as Python has it", () => {
    const times = (count: number, value: boolean) => Array.from({ length: count }, () => value);
    const a = [...times(30, true), ...times(5, true), ...times(15, false), ...times(50, false)];
    const b = [...times(30, true), ...times(5, false), ...times(15, true), ...times(50, false)];
    const found = pairAnswers(answers(a), answers(b))!;
    expect(found).toMatchObject({ pairs: 100, unpaired: 0, onlyA: 5, onlyB: 15 });
    expect(found.a.right).toBeCloseTo(0.35, 12);
    expect(found.a.interval[0]).toBeCloseTo(0.263642, 6);
    expect(found.a.interval[1]).toBeCloseTo(0.447456, 5);
    expect(found.difference).toBeCloseTo(0.1, 12);
    expect(found.interval[0]).toBeLessThan(0.03);
    expect(found.interval[0]).toBeGreaterThan(0);
    expect(found.exact).toBeCloseTo(0.0413895, 6);
    expect(found.midP).toBeCloseTo(0.0266037, 6);
  });

  test("go by question and sample, in whatever order; others are counted", () => {
    const a = [answer(1, true), answer(1, false, 1), answer(2, true), answer(3, true)];
    const b = [answer(2, false), answer(1, true, 1), { ...answer(3, true), question: "another" }, answer(1, true)];
    expect(pairAnswers(a, b)).toMatchObject({ pairs: 3, unpaired: 2, onlyA: 1, onlyB: 1, difference: 0 });
    expect(pairAnswers(a, [])).toBeUndefined();
  });
});

describe("retool diff of two evaluations", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "retool-answers-"));
    const model = await setUpModel(await loadConfig({ preset: "smoke", set: ["backend=wasm"] }));
    await saveModelFolder(join(folder, "model"), model);
    model.dispose();
    await writeFile(join(folder, "problems.jsonl"), '{"question":"1+1","answer":"2"}\n{"question":"2+2","answer":"4"}\n');
    for (const tokens of [8, 12]) {
      const set = ["backend=wasm", `budgets.maxResponseTokens=${tokens}`];
      const output = join(folder, `eval-${tokens}`);
      await evaluateCheckpoint(
        { model: join(folder, "model"), set, json: true, data: join(folder, "problems.jsonl"), output },
        quietShell(),
      );
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("names the settings that differ, and tests the answers", async () => {
    const shell = quietShell();
    await diffRuns(join(folder, "eval-8"), join(folder, "eval-12"), { json: true }, shell);
    const { config, answers: found } = JSON.parse(shell.printed[0]!) as RunDifference;
    expect(config).toEqual([{ key: "budgets.maxResponseTokens", a: 8, b: 12 }]);
    expect(found).toMatchObject({ pairs: 2, unpaired: 0, onlyA: 0, onlyB: 0, exact: 1, midP: 1 });
    await diffRuns(join(folder, "eval-8"), join(folder, "eval-12"), { json: false }, shell);
    expect(shell.printed[1]).toMatch(/answers: 2 of the same questions\n {2}A right 0\.0 % .*\n.*\n {2}McNemar p = 1\.0 \(exact\)/);
  });
});
