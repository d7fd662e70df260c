/** A row of {@link REWARD_RULES}. */
export interface RewardRule {
  /** Place of the answer and way of comparing it, in one line. */
  readonly meaning: string;
  /** The text that is read: what the policy wrote, or all of the response, interpreter output included. */
  readonly reads: "modelText" | "response";
  /** Options of `outcomeReward` that it heeds, besides `scores`. */
  readonly options: readonly ("allowThousandsSeparators" | "sources" | "strict")[];
}

/** Rules by which an answer is found and compared, by the name of each rule; help, config schemas and documentation read it here. */
export const REWARD_RULES = {
  "boxed-exact": {
    meaning: "the box of the answer, as an integer of any size, else as trimmed text",
    reads: "modelText",
    options: ["allowThousandsSeparators"],
  },
  equivalence: {
    meaning: "a box, an answer tag or “the answer is”, decided as mathematics by verifyAnswer",
    reads: "modelText",
    options: ["sources", "strict"],
  },
  "math-dapo-strict": {
    meaning: "verl's rule: the last \\boxed{…} in the last 100 characters, to the character",
    reads: "response",
    options: [],
  },
  "math-dapo-minerva": {
    meaning: "verl's rule: the last “Answer: …” in the last 300 characters, after normalization",
    reads: "response",
    options: [],
  },
} as const satisfies Readonly<Record<string, RewardRule>>;

/** The name of a rule in {@link REWARD_RULES}. */
export type OutcomeRule = keyof typeof REWARD_RULES;
