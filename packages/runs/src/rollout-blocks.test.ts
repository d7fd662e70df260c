import { expect, test } from "vitest";
import { blocksOf } from "./rollout-blocks.js";

const blocks = (text: string) => blocksOf({ segments: [{ kind: "model", text, tokens: 1 }], toolCalls: [] }).map(({ kind, text: inside }) => [kind, inside]); // prettier-ignore

test("tokens that end a turn are no block; those in the middle of a text stay", () => {
  expect(blocks("<answer>\\boxed{42}</answer><|endoftext|>")).toEqual([["answer", "\\boxed{42}"]]);
  expect(blocks("so it is<|im_end|>\n<|endoftext|>\n")).toEqual([["reasoning", "so it is"]]);
  expect(blocks("<|im_end|> is a token")).toEqual([["reasoning", "<|im_end|> is a token"]]);
});

test("a piece that is still being written is shown as what it has begun to be", () => {
  expect(blocks("<code>gcd(12")).toEqual([["code", "gcd(12"]]);
});
