import { codeLines } from "./analysis/tool-use.js";
import { STOP_REASONS, type StopReason, type ToolCall } from "./trajectory.js";

/** Means over a set of rollouts; shares are between 0 and 1. */
export interface RolloutSummary {
  readonly rollouts: number;
  /** Share of rollouts with at least one call (the paper's code ratio). */
  readonly codeRatio: number;
  /** Share of all calls that ran without an error; NaN without calls. */
  readonly callPassRate: number;
  /** Share of rollouts with calls whose last call ran without an error (the paper's code pass rate); NaN without calls. */
  readonly lastCallPassRate: number;
  readonly meanTurns: number;
  readonly meanToolCalls: number;
  /** Tokens after the prompt, tool output included. */
  readonly meanResponseTokens: number;
  /** Mean of each call's start position divided by the response's length (the paper's invocation timing, over all calls); NaN without calls. */
  readonly meanCallTiming: number;
  /** Lines of code that are not blank, a rollout that has code. NaN without calls. */
  readonly meanCodeLines: number;
  /** Share of rollouts that ended for each reason. */
  readonly stopReasons: Readonly<Record<StopReason, number>>;
  /** By the names of the tools that were called, as the policy wrote them. */
  readonly tools: Readonly<Record<string, ToolUse>>;
}

/** How one tool was used. */
export interface ToolUse {
  /** Calls a rollout, over all rollouts. */
  readonly meanCalls: number;
  /** Share of its calls that ran without an error. */
  readonly passRate: number;
}

/** As much of a rollout as its measures need; a `Trajectory` is one. */
export interface RolloutOutline {
  readonly promptLength: number;
  readonly tokenIds: { readonly length: number };
  readonly toolCalls: readonly Pick<ToolCall, "tool" | "input" | "status" | "start">[];
  readonly stopReason: StopReason;
  readonly turns: number;
}

/** Measures of tool use; see "ReTool" (https://arxiv.org/abs/2504.11536), section 3.3. */
export function summarizeRollouts(trajectories: readonly RolloutOutline[]): RolloutSummary {
  const withCalls = trajectories.filter(({ toolCalls }) => toolCalls.length > 0);
  const calls = withCalls.flatMap(({ toolCalls }) => toolCalls);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const share = <T>(items: readonly T[], test: (item: T) => boolean) => mean(items.map((item) => (test(item) ? 1 : 0)));
  const responseTokens = ({ tokenIds, promptLength }: RolloutOutline) => tokenIds.length - promptLength;
  return {
    rollouts: trajectories.length,
    codeRatio: share(trajectories, ({ toolCalls }) => toolCalls.length > 0),
    callPassRate: share(calls, ({ status }) => status === "ok"),
    lastCallPassRate: share(withCalls, ({ toolCalls }) => toolCalls.at(-1)!.status === "ok"),
    meanTurns: mean(trajectories.map(({ turns }) => turns)),
    meanToolCalls: mean(trajectories.map(({ toolCalls }) => toolCalls.length)),
    meanResponseTokens: mean(trajectories.map(responseTokens)),
    meanCallTiming: mean(
      withCalls.flatMap((trajectory) =>
        trajectory.toolCalls.map(({ start }) => (start - trajectory.promptLength) / responseTokens(trajectory)),
      ),
    ),
    meanCodeLines: mean(withCalls.map(({ toolCalls }) => toolCalls.reduce((sum, { input }) => sum + codeLines(input), 0))),
    stopReasons: Object.fromEntries(
      STOP_REASONS.map((reason) => [reason, share(trajectories, ({ stopReason }) => stopReason === reason)]),
    ) as Record<StopReason, number>,
    tools: Object.fromEntries(
      [...new Set(calls.map(({ tool }) => tool))].sort().map((name) => {
        const own = calls.filter(({ tool }) => tool === name);
        return [name, { meanCalls: own.length / trajectories.length, passRate: share(own, ({ status }) => status === "ok") }];
      }),
    ),
  };
}
