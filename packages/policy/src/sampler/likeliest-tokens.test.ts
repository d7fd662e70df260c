import { RandomStream } from "@retool-ts/core";
import { expect, test } from "vitest";
import { likeliestTokens } from "./likeliest-tokens.js";

const stream = new RandomStream(3, ["likeliest"]);

test.each([1, 0.7, 2.5, 0])(
  "they are those of a softmax over all logits at temperature %d, without ids that cannot be sampled",
  (temperature) => {
    for (let round = 0; round < 50; round++) {
      const logits = Float32Array.from({ length: 40 }, () => stream.normal() * 4);
      const unused = [0, 7, 35];
      const found = likeliestTokens(logits, 6, temperature, { vocabSize: 36, unusedTokenIds: unused });
      const weights = Array.from(logits, (logit) => Math.exp(logit / (temperature === 0 ? 1 : temperature)));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const ids = weights.map((_, id) => id).filter((id) => id < 36 && !unused.includes(id));
      const expected = ids.sort((a, b) => weights[b]! - weights[a]!).slice(0, 6);
      expect(found.map(({ tokenId }) => tokenId)).toEqual(expected);
      for (const { tokenId, logProb } of found) expect(logProb).toBeCloseTo(Math.log(weights[tokenId]! / sum), 10);
    }
  },
);

test("equally likely ones come by their ids, and there are no more than can be sampled", () => {
  const found = likeliestTokens(Float32Array.of(1, 2, 2, 1, 2, 9), 20, 1, { vocabSize: 5 });
  expect(found.map(({ tokenId }) => tokenId)).toEqual([1, 2, 4, 0, 3]);
});
