import { RandomStream } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { schoolbookFamilies, taskFamilies } from "./families.js";
import { mixtureOf, mixtures } from "./mixtures.js";
import { MAX_STEP_TOKENS, estimateTokens } from "./steps.js";
import { createTaskSource } from "./task-source.js";
import type { TaskInstance, TaskLevel } from "./task-family.js";
import { planTrace } from "./trace-plan.js";

const draws = (name: string, level: TaskLevel, count: number): TaskInstance[] => {
  const family = schoolbookFamilies.find((candidate) => candidate.name === name)!;
  return Array.from({ length: count }, (_, seed) => family.generate(new RandomStream(seed, ["schoolbook", name, level]), level));
};

/** Checks every equation of worked steps, in BigInt: `3*8+1=25`. */
function falseEquations(steps: string): string[] {
  return [...steps.matchAll(/([\d+*-]+)=(\d+)/g)].flatMap(([equation, left, right]) =>
    evaluate(left!) === BigInt(right!) ? [] : [equation],
  );
}

function evaluate(expression: string): bigint {
  const terms = expression.match(/[+-]?\d+(?:\*\d+)*/g)!;
  return terms.reduce((sum, term) => {
    const product = term.replace(/^[+-]/, "").split("*").reduce((value, factor) => value * BigInt(factor), 1n); // prettier-ignore
    return term.startsWith("-") ? sum - product : sum + product;
  }, 0n);
}

const trained = schoolbookFamilies.map(({ name }) => name).filter((name) => name !== "sum-difference");

describe.each(trained)("%s", (name) => {
  test("worked steps are there for every problem of levels 1 and 2, and every equation in them and in the other ways is true", () => {
    for (const level of [1, 2] as const) {
      for (const { steps, ways, answer } of draws(name, level, 2_000)) {
        for (const text of [steps, ways!.places]) {
          expect(estimateTokens(text!)).toBeLessThanOrEqual(MAX_STEP_TOKENS);
          expect(text).toMatch(new RegExp(`(^|[=,])${answer}$`));
        }
        expect([steps, ways!.places, ways!.checked ?? ""].flatMap((text) => falseEquations(text!))).toEqual([]);
      }
    }
  });

  test("a check stands behind the usual steps, and is left out where both are too long", () => {
    const checked = draws(name, 2, 500).flatMap(({ steps, ways }) =>
      ways!.checked === undefined ? [] : [[steps!, ways!.checked] as const],
    );
    expect(checked.length).toBeGreaterThan(400);
    for (const [steps, text] of checked) expect([text.startsWith(`${steps},check `), /check \d/.test(text)]).toEqual([true, true]);
  });

  test("every number of digits is drawn equally often, and level 3 has longer numbers than any other", () => {
    const longest = ({ question }: TaskInstance) => Math.max(...question.match(/\d+/g)!.map((number) => number.length));
    const below = Math.max(...[1, 2].flatMap((level) => draws(name, level as TaskLevel, 400).map(longest)));
    for (const instance of draws(name, 3, 400)) expect(longest(instance)).toBeGreaterThanOrEqual(name === "product-sum" ? 4 : below + 1);
  });
});

test.each(["sum", "difference", "digit-product"])(
  "%s: the last digits of the columns are the digits of the answer, so no carry is lost",
  (name) => {
    for (const { steps, answer } of draws(name, 2, 1_000)) {
      const columns = [...steps!.matchAll(/=(\d+)/g)].map(([, value]) => value!.at(-1));
      const digits = [...answer].toReversed();
      expect([steps, columns.slice(0, digits.length)]).toEqual([steps, digits.slice(0, columns.length)]);
      expect(columns.slice(digits.length).every((digit) => digit === "0")).toBe(true); // leading zeros of a difference
    }
  },
);

test("columns with carries and borrows, written out", () => {
  const steps = (question: string) => {
    for (const name of trained) for (const level of [1, 2] as const) for (const draw of draws(name, level, 3_000)) if (draw.question.endsWith(question)) return draw; // prettier-ignore
    return undefined;
  };
  expect(steps("88 times 2")?.steps).toBe("2*8=16,2*8+1=17,176");
  expect(steps("5 plus 8")?.steps).toBe("5+8=13,13");
  expect(steps("90 minus 7")?.steps).toBe("10-7=3,9-1=8,83");
});

test("they are dealt by name only: a source without names has the ten families that it always had", () => {
  const source = createTaskSource({ seed: 1, split: "train" });
  const names = new Set(Array.from({ length: 100 }, (_, i) => source.problem(i).family));
  expect([...names].toSorted()).toEqual(taskFamilies.map(({ name }) => name).toSorted());
  expect(createTaskSource({ seed: 1, split: "train", families: ["sum"] }).problem(0).family).toBe("sum");
});

test("a mixture by weights has its kinds and no other; a family without other ways takes its usual steps", () => {
  expect(mixtureOf({ places: 3, clean: 1, guess: 0 })).toEqual([["clean", 1], ["places", 3]]); // prettier-ignore
  expect(mixtureOf("imperfect")).toBe(mixtures.imperfect);
  const [sum, gcd] = ["sum", "gcd"].map((family) => createTaskSource({ seed: 2, split: "train", families: [family] }).problem(0));
  const plan = (problem: typeof sum, kind: "places" | "checked") => planTrace(problem!, kind, new RandomStream(1, ["plan"])).reasoning;
  expect(plan(sum, "places")).toBe(sum!.instance.ways!.places);
  expect(plan(sum, "checked")).toBe(sum!.instance.ways!.checked);
  expect(plan(gcd, "places")).toBe(gcd!.instance.steps);
});
