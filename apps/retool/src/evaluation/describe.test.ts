import type { RolloutOutline } from "@retool-ts/rollout";
import { expect, test } from "vitest";
import { summarizeEvaluation, type EvaluatedRollout } from "@retool-ts/evaluate";
import type { RecipeConfig } from "../config/recipe-config.js";
import { describeEvaluation } from "./describe.js";

const PROTOCOL = { eval: { sampling: { temperature: 1, topP: 0.7, topK: 0 } } } as RecipeConfig;

function rollout(correct: boolean, family: string, stopReason: RolloutOutline["stopReason"] = "answered"): EvaluatedRollout {
  const trajectory = { promptLength: 1, tokenIds: { length: 3 }, toolCalls: [], stopReason, turns: 1 };
  return { problem: { family }, trajectory, reward: { correct, prediction: undefined } };
}

/** Output for a person, and the first headings of its tables. */
function told(rollouts: readonly EvaluatedRollout[]) {
  const text = describeEvaluation(summarizeEvaluation(rollouts.map((one) => [one])), PROTOCOL);
  const lines = text.split("\n");
  const tables = lines.flatMap((line, i) => (lines[i + 1]?.startsWith("  ─") ? [line.trimStart().split(/\s{2,}/)[0]!] : []));
  return { text, tables };
}

test("families have a table when there are two or more of them", () => {
  expect(told([rollout(true, "gcd"), rollout(false, "gcd")]).tables).toEqual(["accuracy"]);
  expect(told([rollout(true, "gcd"), rollout(false, "lcm")]).tables).toEqual(["accuracy", "family"]);
});

test("below 2 % it says that practically none was solved, and how many did not fit", () => {
  const wrong = Array.from({ length: 99 }, (_, i) => rollout(false, "gcd", i < 33 ? "contextFull" : "eos"));
  expect(told([rollout(true, "gcd"), ...wrong]).text).toMatch(
    /solves practically none of these 100 problems \(avg@1 1\.0 %\).* 33\.0 % of the problems did not fit/,
  );
  expect(told([rollout(true, "gcd"), rollout(true, "gcd"), ...wrong.slice(0, 98)]).text).not.toContain("practically none");
});

test("a tool that failed is told of, and how rollouts ended", () => {
  const { text } = told([rollout(true, "gcd"), rollout(false, "gcd", "toolFailed")]);
  expect(text).toContain("The tool itself failed in 50.0 % of the rollouts");
  expect(text).toContain("sampled at temperature 1, top-p 0.7; ended: answered 50 %, toolFailed 50 %");
  expect(told([rollout(true, "gcd")]).text).not.toContain("The tool itself failed");
});
