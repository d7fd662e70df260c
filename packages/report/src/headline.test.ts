import { describe, expect, test } from "vitest";
import { exampleSummary } from "../../runs/test/example-run.js";
import { verdictSentences } from "./headline.js";

describe("the verdict in words", () => {
  const summary = exampleSummary();
  const withAccuracy = (...values: readonly (readonly [number, number, number])[]) => ({
    ...summary,
    phases: Object.fromEntries(
      values.map(([low, accuracy, high], i) => [
        i === 0 ? "coldStart" : "final",
        { ...summary.phases["final"]!, accuracy, ci95: [low, high] as const },
      ]),
    ),
  });

  test.each([
    [
      [
        [0.45, 0.52, 0.59],
        [0.93, 0.965, 0.99],
      ],
      "Accuracy went from 52.0 % (cold start, before RL) to 96.5 % (final, after RL): +44.5 points. The 95 % intervals do not overlap.",
    ],
    [
      [
        [0.45, 0.52, 0.59],
        [0.43, 0.5, 0.57],
      ],
      "Accuracy went from 52.0 % (cold start, before RL) to 50.0 % (final, after RL): −2.0 points. The 95 % intervals overlap, so this may be chance.",
    ],
    [
      [
        [0, 0, 0.02],
        [0, 0.01, 0.04],
      ],
      "Accuracy is near zero: 1.0 % of the answers to 200 problems were right.",
    ],
    [[[0.45, 0.52, 0.59]], "Cold start, before RL: 52.0 % of the answers to 200 problems were right."],
  ] as const)("%j", (values, sentence) => {
    expect(verdictSentences(withAccuracy(...values))[0]).toBe(sentence);
  });
});
