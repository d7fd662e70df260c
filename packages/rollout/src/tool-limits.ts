import { RetoolError } from "@retool-ts/core";
import { truncateOutput, type CutSide } from "./budgets.js";
import type { Tool, ToolOutcome } from "./tool.js";

/** Bounds of one tool, within those of the rollout's budgets. */
export interface ToolLimits {
  /** Calls a rollout; further ones are not made, and the policy is told so. */
  readonly maxCalls?: number;
  /** Characters of output that the policy is shown. */
  readonly maxOutputChars?: number;
  /** Where longer output is cut. Default: in the middle. */
  readonly outputCut?: CutSide;
}

/**
 * A tool with limits of its own, for rollouts with several tools.
 *
 * @throws RetoolError when a limit is no whole number from 0, or from 1 for characters.
 */
export function limitTool(tool: Tool, { maxCalls = Infinity, maxOutputChars = Infinity, outputCut = "middle" }: ToolLimits): Tool {
  checkLimit("maxCalls", maxCalls, 0);
  checkLimit("maxOutputChars", maxOutputChars, 1);
  const { name, description, parameters } = tool;
  const cut = (outcome: ToolOutcome): ToolOutcome => ({ ...outcome, text: truncateOutput(outcome.text, maxOutputChars, outputCut) });
  return {
    name,
    description,
    parameters,
    call: async (input, context) => cut(await tool.call(input, context)),
    begin(rollout) {
      const session = tool.begin?.(rollout);
      let calls = 0;
      return {
        async call(input, context) {
          if (calls >= maxCalls) return { text: `${name}: no calls left, the limit is ${maxCalls}`, status: "error" };
          calls++;
          return cut(await (session ?? tool).call(input, context));
        },
        async close() {
          await session?.close();
        },
      };
    },
  };
}

function checkLimit(name: string, value: number, least: number): void {
  if (value === Infinity || (Number.isSafeInteger(value) && value >= least)) return;
  throw new RetoolError("OPTION", `limitTool: ${name}: expected a whole number from ${least}, got ${value}`);
}
