import { createContext, Script } from "node:vm";
import { RandomStream } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { taskFamilies } from "./families.js";
import { secondSolvers } from "./second-solvers.test-support.js";
import { MAX_STEP_TOKENS, estimateTokens } from "./steps.js";
import type { TaskInstance, TaskLevel } from "./task-family.js";

const LEVELS: readonly TaskLevel[] = [1, 2, 3];

/** The sandbox's global functions, for running snippets in a plain realm. */
const prelude = new Script(`
  const gcd = (...v) => v.reduce((a, b) => { while (b) [a, b] = [b, a % b]; return a; });
  const lcm = (...v) => v.reduce((a, b) => (a / gcd(a, b)) * b);
  const powmod = (b, e, m) => { let r = 1n; b = BigInt(b); for (let i = BigInt(e); i > 0n; i >>= 1n, b = b * b % BigInt(m)) if (i & 1n) r = r * b % BigInt(m); return Number(r); };
  const isPrime = (n) => { if (n < 2) return false; for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return true; };
  const range = (lo, hi, step = 1) => { const a = []; for (let i = lo; i <= hi; i += step) a.push(i); return a; };
  const primes = (lo, hi) => range(lo, hi).filter((n) => isPrime(n));
  const divisors = (n) => range(1, n).filter((d) => n % d === 0);
  const digits = (n) => [...String(n)].map(Number);
  const sum = (a) => a.reduce((s, x) => s + x, 0);
  const product = (a) => a.reduce((s, x) => s * x, 1);
`);
const realm = createContext({});
prelude.runInContext(realm);
const run = (code: string): string => String(new Script(code).runInContext(realm));

function* instances(name: string, seeds: number): Generator<{ instance: TaskInstance; stream: RandomStream; level: TaskLevel }> {
  const family = taskFamilies.find((candidate) => candidate.name === name)!;
  for (let seed = 0; seed < seeds; seed++) {
    const level = LEVELS[seed % 3]!;
    const stream = new RandomStream(seed, ["family-test", name]);
    yield { instance: family.generate(stream, level), stream, level };
  }
}

describe.each(taskFamilies.map(({ name }) => name))("%s", (name) => {
  test("a second solver that reads the question agrees on 1,000 problems", () => {
    for (const { instance } of instances(name, 1000)) {
      expect({ question: instance.question, answer: secondSolvers[name]!(instance.question) }).toEqual({
        question: instance.question,
        answer: instance.answer,
      });
    }
  });

  test("every snippet gives the answer, a wrong one another value, and a broken one throws", () => {
    for (const { instance, stream } of instances(name, 600)) {
      for (const code of instance.code) expect([code, run(code)]).toEqual([code, instance.answer]);
      const wrong = instance.wrongCode(stream);
      expect([wrong, run(wrong)]).not.toEqual([wrong, instance.answer]);
      const broken = instance.brokenCode(stream);
      expect(() => run(broken), broken).toThrow();
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
    const family = taskFamilies.find((candidate) => candidate.name === name)!;
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
      expect(estimateTokens(instance.code[0]!)).toBeLessThanOrEqual(40);
      for (const code of instance.code) expect(code).not.toMatch(/\n/);
    }
  });
});
