import type { Tokenizer } from "@retool-ts/data";
import { beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config/load-config.js";
import { setUpModel } from "../setup/model-setup.js";
import { ChatText } from "./chat-text.js";

let tokenizer: Tokenizer;
beforeAll(async () => {
  const model = await setUpModel(await loadConfig({ preset: "smoke", set: ["backend=wasm"] }));
  ({ tokenizer } = model);
  model.dispose();
});

/** A conversation of the model's texts and, between them, the tool's. */
function written(...turns: readonly string[]): string {
  let all = "";
  const text = new ChatText(tokenizer, (part) => (all += part));
  turns.forEach((turn, i) => {
    const ids = tokenizer.encode(turn);
    if (i % 2 === 1) text.toolOutput(ids);
    else for (const id of ids) text.token(id);
  });
  text.end();
  return all;
}

test("code, output and answer can be told apart without colours", () => {
  expect(written("<code>gcd(4, 6)</code>", "<interpreter>2</interpreter>", "<answer>\\boxed{2}</answer>")).toBe(
    "<code>gcd(4, 6)</code>\n<interpreter>2</interpreter>\n<answer>\\boxed{2}</answer>",
  );
});

test("line breaks that are there are not doubled", () => {
  expect(written("<code>1</code>", "\n<interpreter>\n1</interpreter>\n\n", "So 1")).toBe(
    "<code>1</code>\n<interpreter>\n1</interpreter>\n\nSo 1",
  );
});

test("the end of a turn is not shown, and nothing acts on a terminal", () => {
  const end = tokenizer.idToToken(tokenizer.eosTokenId!)!;
  expect(written(`1 + 1${end}`)).toBe("1 + 1");
  expect(written("a\u001b[2J")).toBe("a␛[2J");
});
