import { describe, expect, test } from "vitest";
import { compareRuns } from "./comparison.js";
import { learningCurveSentences } from "./learning-curve-text.js";
import { exampleRun, type ExampleRun } from "./example-runs.test-support.js";
import { renderComparison } from "./render-comparison.js";
import { callsHelper } from "./figures.js";
import { answerObjections } from "./objections.js";
import { verdictSentences } from "./verdict.js";

const HELD_OUT = { problems: 200, trainedOn: 0, trainingProblems: 12_345 };

function result(runs: readonly ExampleRun[], heldOut = HELD_OUT) {
  const examples = runs.map(exampleRun);
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  return compareRuns({ comparison: "tiny", arms: ["tool", "text", "text-3x"], seeds, set: [] }, examples, heldOut);
}

const TOOL: readonly ExampleRun[] = [
  { arm: "tool", seed: 1, accuracies: [0.1, 0.5, 0.8, 0.9, 0.9], stageAccuracy: { clean: 0.92 }, helperShare: 0.8 },
  { arm: "tool", seed: 2, accuracies: [0.2, 0.2, 0.2, 0.6, 0.7], stageAccuracy: { clean: 0.9 }, helperShare: 0.6 },
];
const TEXT: readonly ExampleRun[] = [
  { arm: "text", seed: 2, accuracies: [0.1, 0.2, 0.3, 0.2, 0.2] },
  { arm: "text", seed: 1, accuracies: [0.1, 0.1, 0.2, 0.2, 0.2] },
];

describe("compareRuns", () => {
  test("pairs runs by seed and judges by the slowest", () => {
    const { duels, bars } = result([...TOOL, ...TEXT]);
    // Seed 1: best 0.2, first at step 10, passed from step 5 of 20. Seed 2: best 0.3 at step 10, passed from step 15.
    expect(duels[0]!.crossings).toEqual([
      { seed: 1, best: 0.2, bestStep: 10, step: 5, share: 0.25 },
      { seed: 2, best: 0.3, bestStep: 10, step: 15, share: 0.75 },
    ]);
    expect(duels[0]!.finalRatio).toBeCloseTo(0.8 / 0.2, 12);
    expect(duels[0]!.finalRatios.map((ratio) => ratio!.toFixed(2))).toEqual(["4.50", "3.50"]);
    expect(bars).toMatchObject([
      { arm: "text", claim: "steps", measured: 0.75, passed: false },
      { arm: "text", claim: "accuracy", passed: true },
    ]);
  });

  test("half of the steps is not less than half, 1.5 times is enough", () => {
    const tool = { arm: "tool", seed: 1, accuracies: [0.1, 0.1, 0.375, 0.375, 0.375] } as const;
    const text = { arm: "text", seed: 1, accuracies: [0.1, 0.1, 0.25, 0.25, 0.25] } as const;
    expect(result([tool, text]).bars).toEqual([
      { arm: "text", claim: "steps", measured: 0.5, required: 0.5, passed: false },
      { arm: "text", claim: "accuracy", measured: 1.5, required: 1.5, passed: true },
    ]);
  });

  test("means over seeds by arm, level and family", () => {
    const [tool, text] = result([...TOOL, ...TEXT]).arms;
    expect(tool!.coldStart.mean).toBeCloseTo(0.15, 12);
    expect(tool!.final.mean).toBeCloseTo(0.8, 12);
    expect(tool!.final.halfWidth).toBeCloseTo(12.706 * 0.1, 3); // s = 0.1·√2, over √2
    expect(tool!.levels["2"]!.mean).toBeCloseTo(0.4, 12);
    expect(tool!.families["lcm"]!.values).toEqual([0.45, 0.35]);
    expect(text!.best.values).toEqual([0.2, 0.3]);
  });

  test("one arm alone is reported without a comparison", () => {
    const alone = result(TOOL);
    expect(alone.bars).toEqual([]);
    expect(verdictSentences(alone)[0]).toContain("Nothing is compared");
    expect(renderComparison(alone)).toContain("tool RL");
  });
});

describe("the words follow from the figures", () => {
  test("a bar that fails is named", () => {
    const sentences = verdictSentences(result([...TOOL, ...TEXT]));
    expect(sentences[0]).toBe("The claim does not hold in this run: not shown is fewer steps than text RL, equal SFT.");
    expect(sentences).toContain(
      "FAILED: passes the best of text RL, equal SFT within less than 50 % of its steps (75 % with the slowest seed).",
    );
    expect(sentences).toContain("passed: final accuracy at least 1.5 times that of text RL, equal SFT (4.00 times).");
  });

  test("where both pass, the claim holds; where the tool run never passes, it says so", () => {
    expect(verdictSentences(result([TOOL[0]!, TEXT[1]!]))[0]).toContain("The claim holds");
    const never = result([{ arm: "tool", seed: 1, accuracies: [0.1, 0.1] }, TEXT[1]!]);
    expect(never.bars.map(({ passed }) => passed)).toEqual([false, false]);
    expect(verdictSentences(never).join("\n")).toContain("with some seed it never does");
    expect(verdictSentences(never).join("\n")).toContain("does not end above the best of text RL, equal SFT (20.0 %, at step 10)");
  });

  test("where the arms start", () => {
    const sentences = verdictSentences(result([...TOOL, ...TEXT])).join("\n"); // 15 ± 64 % and 10 ± 0 %
    expect(sentences).toContain("Before RL the tool arm is +5.0 points from text RL, equal SFT, level within the two intervals.");
    const level = result([{ arm: "tool", seed: 1, accuracies: [0.1, 0.9] }, TEXT[1]!]); // one seed has no interval
    expect(verdictSentences(level).join("\n")).toContain("+0.0 points from text RL, equal SFT, level within the two intervals.");
    const ahead = result([{ arm: "tool", seed: 1, accuracies: [0.3, 0.9] }, TEXT[1]!]);
    expect(verdictSentences(ahead).join("\n")).toContain(
      "Seed 1: tool RL starts above the best of text RL, equal SFT (20.0 %, at step 10).",
    );
    expect(verdictSentences(ahead).join("\n")).toContain("Before RL the tool arm is +20.0 points from text RL, equal SFT.");
  });

  const said = (runs: readonly ExampleRun[], heldOut = HELD_OUT) =>
    answerObjections(result(runs, heldOut))
      .flatMap(({ sentences }) => sentences)
      .join("\n");

  test("strategy or skill", () => {
    expect(said([...TOOL, ...TEXT])).toContain(
      "RL ends −11.0 points from what the code stage had: it mostly moves strategy, from text to the tool, and adds no skill.",
    );
    const known = (clean: number) => said([{ ...TOOL[0]!, stageAccuracy: { clean } }]);
    expect(known(0.4)).toContain("RL ends +50.0 points above what the code stage had");
    expect(known(0.84)).toContain("RL ends +6.0 points above what the code stage had: it adds accuracy");
    expect(known(0.86)).toContain(
      "RL ends +4.0 points from what the code stage had: it mostly moves strategy, from text to the tool, and adds little skill.",
    );
  });

  test("what three times the SFT did", () => {
    const more = (final: number): ExampleRun[] => [1, 2].map((seed) => ({ arm: "text-3x", seed, accuracies: [0.2, final] }));
    expect(said([...TOOL, ...TEXT, ...more(0.4)])).toContain("+20.0 points, more than the two intervals together");
    expect(said([...TOOL, ...TEXT, ...more(0.2)])).toContain("+0.0 points, within the two intervals");
  });

  test("a leak of held-out problems is admitted", () => {
    expect(said(TOOL)).toContain("None of the 200 held-out problems is among the 12,345");
    expect(said(TOOL, { ...HELD_OUT, trainedOn: 3 })).toContain("3 of the 200 held-out problems were also trained on, which is a fault");
  });

  test("built-in functions", () => {
    expect(said(TOOL)).toContain("70.0 ± 127.1 % of the right answers"); // 0.6 and 0.8: s/√2 = 0.1
    expect(callsHelper("sum(digits(12*3))")).toBe(true);
    expect(callsHelper("12*3+4")).toBe(false);
    expect(callsHelper("x.sum(3);mysum(2)")).toBe(false);
  });

  test("dip and climb", () => {
    const course = (lengths: readonly number[]) => learningCurveSentences(result([{ ...TOOL[0]!, lengths }])).at(-1);
    expect(course([30, 20, 26, 26, 26])).toContain("length dips and climbs with every seed");
    expect(course([30, 20, 20, 20, 20])).toContain("dips with seed 1 and stays there");
    expect(course([20, 26, 26, 26, 26])).toContain("does not dip");
    expect(course([30, 28.6, 30, 30, 30])).toContain("does not dip"); // 4.7 %
    expect(course([30, 28.4, 28.4, 28.4, 28.4])).toContain("dips with seed 1 and stays there"); // 5.3 %
    expect(course([30, 20, 20, 20, 20.9])).toContain("dips with seed 1 and stays there"); // back by 4.5 %
  });
});
