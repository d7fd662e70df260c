import { RandomStream } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { breakSnippet } from "./break-snippet.js";
import { namedFamilies, taskFamilies } from "./families.js";
import { runSnippet } from "./snippet-realm.test-support.js";
import { secondSolvers } from "./second-solvers.test-support.js";
import { MAX_STEP_TOKENS, estimateTokens } from "./steps.js";
import type { TaskInstance, TaskLevel } from "./task-family.js";

const LEVELS: readonly TaskLevel[] = [1, 2, 3];

function* instances(name: string, seeds: number): Generator<{ instance: TaskInstance; stream: RandomStream; level: TaskLevel }> {
  const family = namedFamilies.find((candidate) => candidate.name === name)!;
  for (let seed = 0; seed < seeds; seed++) {
    const level = LEVELS[seed % 3]!;
    const stream = new RandomStream(seed, ["family-test", name]);
    yield { instance: family.generate(stream, level), stream, level };
  }
}

const withoutNumbers = (question: string): string => question.replace(/\d+/g, "#");
const wordsOf = (question: string): string[] => question.match(/[a-z]+/g) ?? [];

const trainingQuestions = taskFamilies.flatMap(({ name }) =>
  [...instances(name, 60)].map(({ instance }) => withoutNumbers(instance.question)),
);

describe.each(namedFamilies.map(({ name }) => name))("%s", (name) => {
  test("a second solver that reads the question agrees on 1,000 problems", () => {
    for (const { instance } of instances(name, 1000)) {
      expect({ question: instance.question, answer: secondSolvers[name]!(instance.question) }).toEqual({
        question: instance.question,
        answer: instance.answer,
      });
    }
  });

  test("it agrees on the same problems in wordings that training never has", () => {
    for (const { instance } of instances(name, 300)) {
      for (const question of Object.values(instance.unseen))
        expect([question, secondSolvers[name]!(question)]).toEqual([question, instance.answer]);
    }
  });

  test("an unseen wording has the same words in another order, or new words", () => {
    const ownQuestions = [...instances(name, 60)].map(({ instance }) => withoutNumbers(instance.question));
    const trainingWords = new Set([...trainingQuestions, ...ownQuestions].flatMap(wordsOf));
    for (const { instance } of instances(name, 30)) {
      const { reordered, newWords } = instance.unseen;
      expect(ownQuestions).not.toContain(withoutNumbers(reordered));
      expect(trainingQuestions).not.toContain(withoutNumbers(reordered));
      expect(wordsOf(reordered).filter((word) => !trainingWords.has(word))).toEqual([]);
      expect(wordsOf(newWords).filter((word) => !trainingWords.has(word)).length).toBeGreaterThan(0);
    }
  });

  test("the plain snippet gives the answer without any function of the sandbox, and breaks", () => {
    for (const { instance, stream } of instances(name, 120)) {
      expect([instance.plainCode, runSnippet(instance.plainCode)]).toEqual([instance.plainCode, instance.answer]);
      expect(instance.plainCode).not.toMatch(/[a-z]{2,}\((?<!for\(|if\(|while\()/);
      const broken = breakSnippet(instance.plainCode, stream);
      expect(() => runSnippet(broken), broken).toThrow();
    }
  });

  test("every snippet gives the answer, a wrong one another value, and a broken one throws", () => {
    for (const { instance, stream } of instances(name, 240)) {
      for (const code of instance.code) expect([code, runSnippet(code)]).toEqual([code, instance.answer]);
      const wrong = instance.wrongCode(stream);
      expect([wrong, runSnippet(wrong)]).not.toEqual([wrong, instance.answer]);
      const broken = instance.brokenCode(stream);
      expect(() => runSnippet(broken), broken).toThrow();
    }
  });

  test("worked steps end in the answer and stay within their limit", () => {
    let kept = 0;
    for (const { instance, level } of instances(name, 300)) {
      if (instance.steps === undefined) continue;
      if (level === 1) kept++;
      expect(instance.steps).toMatch(new RegExp(`(^|[=, ])${instance.answer}$`));
      expect(estimateTokens(instance.steps)).toBeLessThanOrEqual(MAX_STEP_TOKENS);
    }
    expect(kept).toBeGreaterThan(50);
  });

  test.each(LEVELS)("level %i has at least 300 different problems, and no constant answer pays", (level) => {
    const family = namedFamilies.find((candidate) => candidate.name === name)!;
    const stream = new RandomStream(1, ["pool", name, level]);
    const keys = new Set<string>();
    const answers = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const { key, answer } = family.generate(stream, level);
      keys.add(key);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
    expect(keys.size).toBeGreaterThanOrEqual(300);
    expect(Math.max(...answers.values()) / 3000).toBeLessThan(0.35);
  });

  test("questions and snippets are short", () => {
    for (const { instance } of instances(name, 300)) {
      expect(instance.question).toMatch(/^[a-z0-9 ]+$/);
      expect(estimateTokens(instance.question)).toBeLessThanOrEqual(32);
      for (const question of Object.values(instance.unseen)) expect(question).toMatch(/^[a-z0-9 ]+$/);
      expect(estimateTokens(instance.code[0]!)).toBeLessThanOrEqual(40);
      for (const code of instance.code) expect(code).not.toMatch(/\n/);
    }
  });
});
