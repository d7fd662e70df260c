import { expect, test } from "vitest";
import { tableWith } from "./blocks.js";
import { KnownStates, tight } from "./known-states.js";

const MIB = 2 ** 20;
const state = (keptBytes: number) => ({ content: [], memoryPages: 256, keptBytes });

test("the states that were not used for longest are forgotten when all keep too much", () => {
  const states = new KnownStates();
  for (const id of [1, 2, 3]) states.add(id, state(20 * MIB));
  expect(states.get(1)).toBeDefined(); // used, so 2 is the oldest
  states.add(4, state(20 * MIB));
  expect([1, 2, 3, 4].map((id) => states.get(id) !== undefined)).toEqual([true, false, true, true]);
  states.add(4, state(5 * MIB)); // in place of the one it was
  states.add(5, state(15 * MIB));
  expect([1, 3, 4, 5].map((id) => states.get(id) !== undefined)).toEqual([true, true, true, true]);
});

test("a state whose blocks are the rest of many cells is copied together, and is the same", () => {
  const start = tableWith([], [{ blocks: Uint32Array.of(0, 1), bytes: new Uint8Array(8192).fill(1) }]);
  const wide = Array.from({ length: 8 }, (_, i) => ({ blocks: Uint32Array.of(1, 2, 3, 4), bytes: new Uint8Array(16_384).fill(i + 2) }));
  const content = tableWith(start, wide);
  const before = { content, memoryPages: 256, keptBytes: 8 * 16_384 };
  const after = tight(before, start);
  expect(after.keptBytes).toBe(16_384);
  expect(after.content).toEqual(content);
  expect(after.content[0]).toBe(start[0]);
  expect(after.content[2]!.buffer).toBe(after.content[4]!.buffer);
  expect(tight({ ...before, keptBytes: 32_768 }, start).content).toBe(content);
});
