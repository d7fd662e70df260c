import { corpus, createTokenizer, TINY_SPLIT, trainBpe, type DatasetRow } from "@retool-ts/data";
import { hermesDialect } from "@retool-ts/rollout";
import { expect, test } from "vitest";
import { ConversationStream } from "./conversation-stream.js";
import type { ConversationSource } from "./sft-config.js";

const files = trainBpe(corpus(60), { vocabSize: 400, splitPattern: TINY_SPLIT, specialTokens: ["<|end|>"] });
const tokenizer = createTokenizer(files);
const budgets = { maxResponseTokens: 1_000, maxTurnTokens: 1_000, maxTurns: 9, maxToolCalls: 9, maxToolOutputChars: 100 };
const environment = {
  dialect: hermesDialect(),
  budgets,
  encodePrompt: (question: string) => tokenizer.encode(question),
  endOfTurn: "<|end|>",
};

const user = { role: "user", content: "q" };
const answer = { role: "assistant", content: "\\boxed{12}" };
const rows = [
  [user, answer],
  [user, { role: "tool", content: "1" }, answer],
  [user, answer],
];

async function* rowsOf(): AsyncGenerator<DatasetRow> {
  for (const [index, messages] of rows.entries()) yield { value: { messages }, where: `rows.jsonl: line ${index + 1}` };
}

function open(onBad: ConversationSource["onBad"], batchSize: number): Promise<ConversationStream> {
  const source = { kind: "file", path: "rows.jsonl", maxTokens: 100, tooLong: "refuse", onBad } as const;
  const stage = { name: "file", batchSize };
  return ConversationStream.open({ rows: rowsOf(), seed: 1, stage, source, heldOut: 0, environment, tokenizer, maxPositions: 100 });
}

test("a broken conversation ends the run, named with file and row", async () => {
  await expect(open("refuse", 1)).rejects.toThrow(/rows\.jsonl: line 2: expected a call before each result/);
});

test("broken conversations that may be left out are counted, and named where too few are left", async () => {
  expect((await open("leave-out", 2)).describe()).toContain("2 rows of rows.jsonl");
  expect((await open("leave-out", 2)).describe()).toContain("1 broken left out");
  await expect(open("leave-out", 3)).rejects.toThrow(/1 broken, the first: .*line 2/);
});
