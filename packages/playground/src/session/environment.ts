import type { Environment } from "@retool-ts/evaluate";
import { outcomeReward } from "@retool-ts/reward";
import { codeInterpreter, xmlDialect, type CodeRunner } from "@retool-ts/rollout";
import type { Policy } from "./open-policy.js";

/** The quickstart's limits of one answer. */
const BUDGETS = { maxResponseTokens: 96, maxTurnTokens: 96, maxTurns: 5, maxToolCalls: 4, maxToolOutputChars: 256 };

/** Limits of the sandbox that decide what code does; those of the quickstart. */
export const SANDBOX_LIMITS = { fuel: 2_000, wallMs: 80_000, memoryBytes: 64 * 2 ** 20, outputChars: 8_192 };

/**
 * The quickstart's world: a question and a line end, the paper's tags, an interpreter, and +1 for a right answer or −1 for a wrong one.
 *
 * @param hasTool - false: whoever asks for the interpreter has answered nothing, as in the baseline without a tool.
 */
export function playgroundEnvironment({ tokenizer }: Pick<Policy, "tokenizer">, sandbox: CodeRunner, hasTool: boolean): Environment {
  const end = tokenizer.encode("\n");
  return {
    tools: [{ ...codeInterpreter(sandbox), pure: true }],
    dialect: xmlDialect({ resultOpen: "<interpreter>", resultClose: "</interpreter>", answerStops: false }),
    budgets: { ...BUDGETS, maxToolCalls: hasTool ? BUDGETS.maxToolCalls : 0 },
    encodePrompt: (question) => [...tokenizer.encodeUntrusted(question), ...end],
    reward: outcomeReward({ rule: "boxed-exact" }),
  };
}
