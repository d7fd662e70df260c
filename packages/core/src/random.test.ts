import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { philox4x32, RandomStream, streamKey, uniformAt } from "./random.js";

describe("philox4x32", () => {
  // Known answers of Random123 1.14, file tests/kat_vectors, lines "philox4x32 10".
  test.each([
    { counter: [0, 0, 0, 0], key: [0, 0], expected: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      expected: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      expected: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)("matches the published vector for key $key", ({ counter, key, expected }) => {
    expect(philox4x32(counter, key)).toEqual(expected);
  });
});

describe("RandomStream", () => {
  test("continues from a position to the bit", () => {
    const whole = new RandomStream(7, ["rollout", 3]);
    const first = Array.from({ length: 5 }, () => whole.uniform());
    const rest = Array.from({ length: 5 }, () => whole.uniform());
    const resumed = new RandomStream(7, ["rollout", 3], first.length);
    expect(Array.from({ length: 5 }, () => resumed.uniform())).toEqual(rest);
  });

  test("labels that differ only in type or grouping name different streams", () => {
    const keys = [streamKey(1, ["1"]), streamKey(1, [1]), streamKey(1, ["a", "b"]), streamKey(1, ["a|b"]), streamKey(1, ["ab"])];
    expect(new Set(keys.map(String)).size).toBe(keys.length);
  });

  test("positions beyond 32 bits do not repeat the start", () => {
    const key = streamKey(1, []);
    expect(uniformAt(key, 2 ** 32)).not.toBe(uniformAt(key, 0));
  });

  test("integers stay in range and reach both ends", () => {
    const stream = new RandomStream(1, ["dice"]);
    const seen = new Set(Array.from({ length: 600 }, () => stream.integer(1, 6)));
    expect([...seen].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("normal numbers have mean 0 and variance 1", () => {
    const stream = new RandomStream(1, ["normal"]);
    const values = Array.from({ length: 20_000 }, () => stream.normal());
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03); // standard error 0.007
    expect(Math.abs(variance - 1)).toBeLessThan(0.04); // standard error 0.01
  });

  test("weighted picks follow their weights", () => {
    const stream = new RandomStream(1, ["weights"]);
    const picks = Array.from({ length: 4_000 }, () =>
      stream.pickWeighted([
        ["a", 3],
        ["b", 1],
        ["never", 0],
      ] as const),
    );
    expect(picks).not.toContain("never");
    expect(picks.filter((pick) => pick === "a").length / picks.length).toBeCloseTo(0.75, 1);
  });

  test("a shuffle is a permutation", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
        const shuffled = new RandomStream(seed, ["shuffle"]).shuffle(items);
        expect([...shuffled].sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
      }),
    );
  });
});
