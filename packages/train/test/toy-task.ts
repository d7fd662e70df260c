import type { Problem, ProblemSource, Tokenizer } from "@retool-ts/data";
import type { Environment, PolicyModel, RolloutReward } from "@retool-ts/evaluate";
import { DEFAULT_BUDGETS, defineTool, xmlDialect } from "@retool-ts/rollout";
import { z } from "zod";
import { TableEngine, type TableStore } from "./table-engine.js";

const WORDS = ["?", "<code>", "add", "</code>", "<answer>", "1", "2", "</answer>", "\n<interpreter>\n", "</interpreter>\n\n", "."] as const;
export const END = WORDS.indexOf(".");

function encode(text: string): number[] {
  const ids: number[] = [];
  for (let rest = text; rest !== "";) {
    const id = WORDS.findIndex((word) => rest.startsWith(word));
    if (id < 0) throw new Error(`no word for ${JSON.stringify(rest)}`);
    ids.push(id);
    rest = rest.slice(WORDS[id]!.length);
  }
  return ids;
}

const decode = (ids: ArrayLike<number>) => Array.from(ids, (id) => WORDS[id] ?? "").join("");

/** Eleven words, a token each. */
export const tokenizer: Tokenizer = {
  vocabSize: WORDS.length,
  eosTokenId: END,
  padTokenId: undefined,
  bosTokenId: undefined,
  files: { tokenizer: {} } as Tokenizer["files"],
  encode,
  encodeUntrusted: encode,
  decode,
  tokenToId: (token) => (WORDS.includes(token as (typeof WORDS)[number]) ? WORDS.indexOf(token as (typeof WORDS)[number]) : undefined),
  idToToken: (id) => WORDS[id],
  isSpecial: () => false,
  streamDecoder: () => ({ push: (id: number) => WORDS[id] ?? "", flush: () => "" }),
};

/** A tool that always says 2. */
const add = defineTool({
  name: "code_interpreter",
  description: "adds",
  input: z.strictObject({ code: z.string() }),
  execute: async () => ({ text: "2", status: "ok" }),
});

/** Right is an answer with a 2 in it. */
export const answerTwo: RolloutReward = ({ modelText, groundTruth }) => {
  const correct = modelText.includes(`<answer>${groundTruth}`);
  return { score: correct ? 1 : -1, correct };
};

export const problems: ProblemSource = { problem: (index): Problem => ({ id: `p${index}`, question: "?", answer: "2", source: "toy" }) };

/** Every other problem cannot be solved: its answer is not among the words of the policy. */
export const mixedProblems: ProblemSource = {
  problem: (index) => ({ ...problems.problem(index), answer: index % 2 === 0 ? "2" : "3", level: 1 + (index % 2) }),
};

export function environment(changes: Partial<Environment> = {}): Environment {
  return {
    tools: [add],
    dialect: xmlDialect(),
    budgets: { ...DEFAULT_BUDGETS, maxResponseTokens: 12 },
    encodePrompt: (question) => encode(question.startsWith("?\n") ? "?." : question), // whoever is told of an attempt reads "." last
    reward: answerTwo,
    ...changes,
  };
}

/** Pairs of words that the policy mostly writes: a call or an answer, and in it either digit. */
const HABITS = [["?", "<code>"], ["?", "<answer>"], ["<code>", "add"], ["add", "</code>"], ["</interpreter>\n\n", "<answer>"], ["<answer>", "1"], ["<answer>", "2"], ["1", "</answer>"], ["2", "</answer>"]] as const; // prettier-ignore

/** A policy that knows how to call and how to answer, but not what. */
export function toyPolicy(store?: TableStore): PolicyModel & { readonly engine: TableEngine } {
  const engine = new TableEngine(WORDS.length, store);
  for (const [before, after] of HABITS) engine.table.rows[WORDS.indexOf(before)]![WORDS.indexOf(after)] = 4;
  return { engine, tokenizer, eosTokenIds: [END] };
}
