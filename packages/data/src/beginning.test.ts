import { expect, test } from "vitest";
import { beginningIds } from "./beginning.js";
import { createTokenizer } from "./tokenizer.js";

const template = {
  type: "TemplateProcessing",
  single: [
    { SpecialToken: { id: "<s>", type_id: 0 } },
    { Sequence: { id: "A", type_id: 0 } },
    { SpecialToken: { id: "</s>", type_id: 0 } },
  ],
  special_tokens: { "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] }, "</s>": { id: "</s>", ids: [1], tokens: ["</s>"] } },
};

function beginning(postProcessor: object | null, config: object): number[] {
  const added_tokens = ["<s>", "</s>"].map((content, id) => ({ id, content, special: true }));
  const tokenizer = { model: { type: "BPE", vocab: { "<s>": 0, "</s>": 1 }, merges: [] }, added_tokens, post_processor: postProcessor };
  return beginningIds(createTokenizer({ tokenizer, config: { bos_token: "<s>", ...config } }));
}

test("ids in front of a text are those of the post-processor, unless the config says whether there are any", () => {
  const sequence = { type: "Sequence", processors: [{ type: "ByteLevel" }, template] };
  expect([beginning(template, {}), beginning(sequence, {}), beginning(null, {})]).toEqual([[0], [0], []]);
  expect([beginning(null, { add_bos_token: true }), beginning(template, { add_bos_token: false })]).toEqual([[0], []]);
});
