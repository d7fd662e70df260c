import type { Tool, ToolOutcome } from "./tool.js";
import type { ToolStatus } from "./trajectory.js";

/** Tools whose results are shared, and how often that happened. */
export interface ToolCache {
  readonly tools: readonly Tool[];
  /** Calls of pure tools so far, and how many of them got the result of an earlier one. */
  readonly stats: { readonly calls: number; readonly hits: number };
}

const UNSURE: ReadonlySet<ToolStatus> = new Set(["timeout", "killed", "infra"]);

/** Whether an equal call would end the same: other verdicts depend on the machine or on an interruption. */
export function isShareable({ status }: Pick<ToolOutcome, "status">): boolean {
  return !UNSURE.has(status);
}

/**
 * Lets equal calls of pure tools run once; meant for the rollouts of one step, among which a group often writes the same code. Tools
 * that are not pure stay as they are. A call that waits for an equal one shares its result too.
 */
export function cacheToolResults(tools: readonly Tool[]): ToolCache {
  const stats = { calls: 0, hits: 0 };
  return { tools: tools.map((tool) => (tool.pure === true && tool.begin === undefined ? cached(tool, stats) : tool)), stats };
}

function cached(tool: Tool, stats: { calls: number; hits: number }): Tool {
  const results = new Map<string, Promise<ToolOutcome>>();
  return {
    ...tool,
    async call(input, context) {
      const key = JSON.stringify(input) ?? "";
      stats.calls++;
      const known = results.get(key);
      if (known !== undefined) {
        const outcome = await known;
        if (isShareable(outcome)) {
          stats.hits++;
          return outcome;
        }
      }
      const running = tool.call(input, context);
      results.set(key, running);
      return running;
    },
  };
}
