import { expect, test } from "vitest";
import { SequencePool } from "../src/sequence-pool.js";
import { ScriptedSampler } from "./scripted-model.js";

const prompt = (of: number, length: number) => Array.from({ length }, (_, i) => 20 * of + (i % 20));

/** One request: its prompt's tokens that were computed before. */
async function ask(pool: SequencePool, tokenIds: readonly number[], scope?: string): Promise<number> {
  const { sequences, cachedTokens } = await pool.acquire({ tokenIds, count: 1, ...(scope !== undefined && { scope }) });
  pool.release(sequences[0]!, tokenIds, scope);
  return cachedTokens;
}

test("the conversation that was used least recently gives its place up first", async () => {
  const pool = new SequencePool(new ScriptedSampler(() => "", { size: 2 }));
  const [a, b, c] = [1, 2, 3].map((of) => prompt(of, 12)) as [number[], number[], number[]];
  expect(await ask(pool, a)).toBe(0);
  expect(await ask(pool, b)).toBe(0);
  expect(await ask(pool, [...a, 1])).toBe(12); // used again: now b is the oldest
  expect(await ask(pool, c)).toBe(0);
  expect(pool.stats).toMatchObject({ kept: 2, evicted: 1, active: 0 });
  expect(await ask(pool, [...a, 1, 2])).toBe(13);
  expect(await ask(pool, [...c, 1])).toBe(12);
  expect(await ask(pool, [...b, 1])).toBe(0);
});

test("a prompt that branches off shares its beginning, and leaves the other in place", async () => {
  const sampler = new ScriptedSampler(() => "", { size: 4 });
  const pool = new SequencePool(sampler);
  const base = prompt(1, 16);
  await ask(pool, base);
  expect(await ask(pool, [...base.slice(0, 10), 7, 7, 7])).toBe(10);
  expect(await ask(pool, [...base, 5])).toBe(16);
  expect(sampler.computed).toBe(16 + 3 + 1);
});

test("what one scope computed is not seen from another", async () => {
  const pool = new SequencePool(new ScriptedSampler(() => "", { size: 4 }));
  await ask(pool, prompt(1, 12), "mine");
  expect(await ask(pool, [...prompt(1, 12), 1], "yours")).toBe(0);
  expect(await ask(pool, [...prompt(1, 12), 1], "mine")).toBe(12);
});
