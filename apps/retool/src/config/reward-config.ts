import { InputError } from "@retool-ts/core";
import {
  combineRewards,
  formatPart,
  lengthPart,
  outcomeReward,
  overlongPart,
  requireFormat,
  toolCallShaping,
  type ResponseReward,
  type RewardPart,
} from "@retool-ts/reward";
import { z } from "zod";
import { positive } from "@retool-ts/train";

const Format = z.enum(["boxed", "answer-tag", "think-once"]);
const weight = z.number().default(1);

const Part = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z
      .literal("tool-calls")
      .describe(
        "A wrong answer costs less the more tools it used: −1, −0.9, … −0.6 by turns as in verl; −1.1, −1.05, … −0.6 by calls as in slime.",
      ),
    count: z.enum(["turns", "toolCalls"]).default("turns").describe("What is counted: turns as verl does, or calls as slime does."),
    weight: weight.describe("Weight of the term."),
  }),
  z.strictObject({
    kind: z.literal("overlong").describe("DAPO's soft punishment, which grows to −1 over the last `bufferTokens` of the response budget."),
    bufferTokens: positive.describe("Tokens before the end of the response budget in which the punishment grows."),
    weight: weight.describe("Weight of the term."),
  }),
  z.strictObject({
    kind: z.literal("length").describe("A cost of every token, −1 at the response budget."),
    weight: weight.describe("Weight of the term."),
  }),
  z.strictObject({
    kind: z.literal("format").describe("`satisfied` where the response has the format, else `violated`."),
    format: Format.describe("The format that is looked for."),
    satisfied: z.number().default(0).describe("Score of a response with the format."),
    violated: z.number().default(-1).describe("Score of a response without it."),
    weight: weight.describe("Weight of the term."),
  }),
]);

/** Reward of a rollout. */
export const RewardConfig = z.strictObject({
  function: z.string().nullable().default(null).describe("A reward of a plugin, in place of everything below; null = none."),
  rule: z
    .enum(["boxed-exact", "equivalence", "math-dapo-strict", "math-dapo-minerva"])
    .default("boxed-exact")
    .describe("Rule by which the answer is found and compared."),
  correct: z.number().default(1).describe("Score of a right answer."),
  wrong: z.number().default(-1).describe("Score of a wrong or missing answer."),
  undecided: z
    .number()
    .nullable()
    .default(null)
    .describe("Score of an answer that the rule `equivalence` leaves undecided; null = as a wrong one."),
  requireFormat: Format.nullable().default(null).describe("Responses without this format score 0, whatever their answer; null = any."),
  parts: z.array(Part).readonly().default([]).describe("Terms that are added, each a kind once."),
});
export interface RewardConfig extends z.infer<typeof RewardConfig> {}

/** Makes the reward function that a config describes. */
export function createReward(
  { rule, correct, wrong, undecided, requireFormat: format, parts }: RewardConfig,
  maxLength: number,
): ResponseReward {
  const twice = parts.find(({ kind }, index) => parts.findIndex((other) => other.kind === kind) !== index);
  if (twice) {
    throw new InputError({
      what: "config",
      where: "reward.parts",
      expected: "each kind of part once",
      found: `${twice.kind} twice`,
      fix: "remove one of them",
    });
  }
  const scores = { correct, wrong, ...(undecided === null ? {} : { undecided }) };
  const outcome = outcomeReward({ rule, scores });
  const gated = format === null ? outcome : requireFormat(outcome, { format });
  return combineRewards(gated, parts.map((part) => ({ ...rewardPart(part, maxLength), weight: part.weight }))); // prettier-ignore
}

function rewardPart(part: RewardConfig["parts"][number], maxLength: number): RewardPart {
  switch (part.kind) {
    case "tool-calls":
      return toolCallShaping({ count: part.count });
    case "overlong":
      return overlongPart({ maxLength, bufferLength: part.bufferTokens });
    case "length":
      return lengthPart({ maxLength });
    case "format":
      return formatPart(part);
  }
}
