import fc from "fast-check";
import { expect, test } from "vitest";
import { PrefixTree } from "../src/prefix-tree.js";
import { sharedLength } from "./shared-length.js";

// few different tokens, so that keys branch, end within others and are equal
const key = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 9 });
const step = fc.oneof(
  fc.record({ do: fc.constant("add" as const), key }),
  fc.record({ do: fc.constant("delete" as const), nth: fc.nat() }),
  fc.record({ do: fc.constant("ask" as const), key, most: fc.nat({ max: 9 }) }),
);

test("the tree finds what a search through all keys finds, whatever was added and taken out before", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const tree = new PrefixTree<number>();
      const all = new Map<number, readonly number[]>();
      let made = 0;
      for (const each of steps) {
        if (each.do === "add") {
          all.set(made, each.key);
          tree.add(each.key, made++);
        } else if (each.do === "delete") {
          const entries = [...all];
          if (entries.length === 0) continue;
          const [value, of] = entries[each.nth % entries.length]!;
          expect(tree.delete(of, value)).toBe(true);
          expect(tree.delete(of, value)).toBe(false);
          all.delete(value);
        } else {
          const query = each.key.slice(0, each.most);
          const longest = Math.max(0, ...[...all.values()].map((of) => sharedLength(of, query)));
          const found = tree.longest(each.key, Math.min(each.most, each.key.length));
          if (longest === 0) expect(found).toBeUndefined();
          else {
            expect(found!.shared).toBe(longest);
            expect(sharedLength(all.get(found!.value)!, query)).toBe(longest);
            const ending = [...all].filter(([, of]) => of.length === longest && sharedLength(of, query) === longest);
            expect(found!.isWhole).toBe(ending.length > 0);
            if (found!.isWhole) expect(ending.map(([value]) => value)).toContain(found!.value);
          }
        }
        expect(tree.size).toBe(all.size);
      }
      for (const [value, of] of all) expect(tree.delete(of, value)).toBe(true);
      expect(tree.longest([0, 1, 2])).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test("a query is read once, however many keys there are", () => {
  const tree = new PrefixTree<number>();
  const prompt = Array.from({ length: 1_000 }, (_, i) => i);
  for (let value = 0; value < 500; value++) tree.add([...prompt, 5_000 + value, value], value);
  let reads = 0;
  const query = new Proxy([...prompt, 5_321, 7], {
    get: (target, name) => {
      if (typeof name === "string" && /^\d+$/.test(name)) reads++;
      return Reflect.get(target, name) as unknown;
    },
  });
  expect(tree.longest(query)).toEqual({ value: 321, shared: 1_001, isWhole: false });
  expect(reads).toBeLessThan(1_020);
});
