import fc from "fast-check";
import { expect, test } from "vitest";
import { learnMerges } from "./bpe-merges.js";
import { trainBpe } from "./bpe-trainer.js";
import { QWEN_SPLIT, TINY_SPLIT } from "./split-patterns.js";
import { createTokenizer } from "./tokenizer.js";

const LETTERS = ["a", "b", "c", "d"];

/** The definition, counting everything anew at each step. */
function learnMergesSlowly(pieces: ReadonlyMap<string, number>, maxTokens: number, minFrequency: number): string[] {
  let words = Array.from(pieces, ([piece, count]) => ({ symbols: [...piece], count }));
  const tokens = new Set(LETTERS);
  const merges: string[] = [];
  while (tokens.size < maxTokens) {
    const counts = new Map<string, number>();
    for (const { symbols, count } of words) {
      for (let i = 1; i < symbols.length; i++) {
        const pair = `${symbols[i - 1]} ${symbols[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + count);
      }
    }
    const [best] = [...counts].sort(([a, x], [b, y]) => y - x || comparePairs(a, b));
    if (best === undefined || best[1] < minFrequency) break;
    merges.push(best[0]);
    const [left, right] = best[0].split(" ") as [string, string];
    tokens.add(left + right);
    words = words.map(({ symbols, count }) => ({ symbols: mergePair(symbols, left, right), count }));
  }
  return merges;
}

function comparePairs(a: string, b: string): number {
  const [leftA, rightA] = a.split(" ") as [string, string];
  const [leftB, rightB] = b.split(" ") as [string, string];
  if (leftA !== leftB) return leftA < leftB ? -1 : 1;
  return rightA < rightB ? -1 : 1;
}

function mergePair(symbols: readonly string[], left: string, right: string): string[] {
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) merged.push(left + symbols[++i]!);
    else merged.push(symbols[i]!);
  }
  return merged;
}

test("counts kept up to date give the merges that counting anew gives", () => {
  const piece = fc.array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: 9 }).map((letters) => letters.join(""));
  const pieces = fc.array(fc.tuple(piece, fc.integer({ min: 1, max: 5 })), { maxLength: 12 }).map((entries) => new Map(entries));
  fc.assert(
    fc.property(pieces, fc.integer({ min: 4, max: 30 }), fc.integer({ min: 1, max: 4 }), (counts, maxTokens, minFrequency) => {
      const { merges } = learnMerges(counts, LETTERS, { maxTokens, minFrequency });
      expect(merges.map((pair) => pair.join(" "))).toEqual(learnMergesSlowly(counts, maxTokens, minFrequency));
    }),
    { numRuns: 300 },
  );
});

test("a case by hand", () => {
  // ab: 3 + 1 = 4, bc: 1, cd: 2 → ab (4); then cd (2), abc and the like 1 < minFrequency.
  const { tokens, merges } = learnMerges(
    new Map([
      ["ab", 3],
      ["abc", 1],
      ["cd", 2],
    ]),
    LETTERS,
    { maxTokens: 10, minFrequency: 2 },
  );
  expect(merges).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
  expect(tokens).toEqual([...LETTERS, "ab", "cd"]);
});

test("the order of the texts does not matter", () => {
  const texts = ["gcd of 4 and 6", "lcm of 4 and 6", "sum of 1 and 2", "aa bb cc dd ee"];
  const options = { vocabSize: 300, splitPattern: QWEN_SPLIT, specialTokens: ["<|end|>"], minFrequency: 1 };
  for (const wholePreTokens of [false, true]) {
    const forward = JSON.stringify(trainBpe(texts, { ...options, wholePreTokens }));
    expect(JSON.stringify(trainBpe([...texts].reverse(), { ...options, wholePreTokens }))).toBe(forward);
  }
});

test("whole pieces seen often enough are one token each, others are bytes", () => {
  const files = trainBpe(["gcd of 48 and 36", "gcd of 9 and 6", "lcm of 9 and 6"], {
    vocabSize: 1000,
    splitPattern: TINY_SPLIT,
    specialTokens: ["<|end|>"],
    wholePreTokens: true,
  });
  const tokenizer = createTokenizer(files);
  expect(tokenizer.vocabSize).toBe(256 + 3 + 1); // "gcd", " of ", " and " and the end
  expect(tokenizer.encode("gcd of 7")).toHaveLength(3);
  expect(tokenizer.encode("lcm")).toHaveLength(3);
});

test("no token is learned inside an added token", () => {
  const files = trainBpe(
    Array.from({ length: 9 }, () => "<interpreter>5</interpreter>"),
    {
      vocabSize: 300,
      splitPattern: QWEN_SPLIT,
      specialTokens: [],
      addedTokens: ["<interpreter>", "</interpreter>"],
    },
  );
  expect(createTokenizer(files).vocabSize).toBe(258);
});

test("options that contradict each other are refused", () => {
  const options = { vocabSize: 300, splitPattern: QWEN_SPLIT, specialTokens: ["<|end|>"] };
  expect(() => trainBpe([], { ...options, vocabSize: 256 })).toThrow(
    "tokenizer training: vocabSize: expected an integer of at least 257 (256 bytes and 1 added tokens), found 256. To mend it: set it to 257 or more.",
  );
  expect(() => trainBpe([], { ...options, addedTokens: ["<|end|>"] })).toThrow(
    'tokenizer training: specialTokens and addedTokens: expected distinct texts, found "<|end|>". To mend it: remove it.',
  );
  expect(() => trainBpe([], { ...options, eosToken: "</s>" })).toThrow(
    'tokenizer training: eosToken: expected one of specialTokens, found "</s>". To mend it: add it to specialTokens.',
  );
  expect(() => trainBpe([], { ...options, splitPattern: "(" })).toThrow(
    /splitPattern: expected a regular expression, found .+ To mend it: use TINY_SPLIT/,
  );
});
