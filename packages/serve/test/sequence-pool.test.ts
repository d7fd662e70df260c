import fc from "fast-check";
import { expect, test } from "vitest";
import { SequencePool } from "../src/sequence-pool.js";
import { ScriptedSampler } from "./scripted-model.js";
import { sharedLength } from "./shared-length.js";

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

test("requests share what a search through all that is kept would find", async () => {
  const tokens = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 14 });
  const requests = fc.array(fc.record({ tokens, scope: fc.constantFrom("a", "b") }), { maxLength: 40, size: "max" });
  await fc.assert(
    fc.asyncProperty(requests, async (all) => {
      const pool = new SequencePool(new ScriptedSampler(() => "", { size: 64 }));
      const kept: { readonly tokens: readonly number[]; readonly scope: string }[] = [];
      for (const request of all) {
        const shares = kept.map(({ tokens, scope }) => (scope === request.scope ? sharedLength(tokens, request.tokens.slice(0, -1)) : 0));
        const longest = Math.max(0, ...shares);
        const whole = kept.findIndex(({ tokens }, at) => longest > 0 && shares[at] === longest && tokens.length === longest);
        if (whole >= 0) kept.splice(whole, 1);
        kept.push(request);
        expect(await ask(pool, request.tokens, request.scope)).toBe(whole >= 0 || longest >= 8 ? longest : 0);
        expect(pool.stats.kept).toBe(kept.length);
      }
      pool.clear("a");
      expect(pool.stats.kept).toBe(kept.filter(({ scope }) => scope === "b").length);
    }),
  );
});
