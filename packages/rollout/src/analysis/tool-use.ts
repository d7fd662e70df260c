import type { ToolCall, ToolStatus } from "../trajectory.js";
import { hasSelfCorrection } from "./self-correction.js";

/** As much of a graded rollout as its analysis needs. */
export interface AnalyzedRollout {
  /** Whether the answer was right. */
  readonly correct: boolean;
  readonly promptTokens: number;
  /** Tokens after the prompt, tool output included. */
  readonly responseTokens: number;
  readonly toolCalls: readonly Pick<ToolCall, "input" | "status" | "start">[];
}

/** One measure over all rollouts, and over those with a right and a wrong answer; NaN where there is nothing to measure. */
export interface ByVerdict {
  readonly all: number;
  readonly right: number;
  readonly wrong: number;
}

/** Measures of tool use over a set of graded rollouts. Shares lie between 0 and 1. */
export interface ToolUseMeasures {
  readonly rollouts: number;
  readonly accuracy: number;
  /** Share of responses that contain code. */
  readonly codeRatio: number;
  /** Mean lines of code that are not blank, over all responses. */
  readonly codeLines: number;
  /** The same over responses with code. */
  readonly codeLinesWithCode: number;
  /** Calls, and those of them that ran without an error (the paper's correct code count). */
  readonly calls: number;
  readonly correctCalls: number;
  readonly callsPerRollout: number;
  /** Share of calls that ran without an error. */
  readonly callPassRate: ByVerdict;
  /** Share of responses with code whose last call ran without an error (the paper's code pass rate). */
  readonly lastCallPassRate: ByVerdict;
  /** Start of the first call, and mean start of all calls, as a share of the response's tokens. */
  readonly firstCallTiming: number;
  readonly callTiming: number;
  /** Mean tokens of a response. */
  readonly responseTokens: ByVerdict;
  /** Median, and the length that a tenth of the responses exceeds. */
  readonly medianResponseTokens: number;
  readonly longResponseTokens: number;
  /** Calls that failed, by status. */
  readonly failures: Readonly<Partial<Record<ToolStatus, number>>>;
  /** Share of responses with a failing call, and how many of those corrected it and answered right. */
  readonly failingShare: number;
  readonly selfCorrections: number;
}

/**
 * The measures of "ReTool" (https://arxiv.org/abs/2504.11536), section 3.3, by its definitions. Where it leaves a choice open, both
 * readings are given: lines of code over all responses and over those with code, timing of the first call and of all.
 */
export function toolUseMeasures(rollouts: readonly AnalyzedRollout[]): ToolUseMeasures {
  const withCode = rollouts.filter(({ toolCalls }) => toolCalls.length > 0);
  const calls = rollouts.flatMap(({ toolCalls }) => toolCalls);
  const failing = rollouts.filter(({ toolCalls }) => toolCalls.some(({ status }) => status !== "ok"));
  const lines = withCode.reduce((sum, { toolCalls }) => sum + toolCalls.reduce((all, { input }) => all + codeLines(input), 0), 0);
  const lengths = rollouts.map(({ responseTokens }) => responseTokens).sort((a, b) => a - b);
  const timing = (rollout: AnalyzedRollout) =>
    rollout.toolCalls.map(({ start }) => (start - rollout.promptTokens) / rollout.responseTokens);
  return {
    rollouts: rollouts.length,
    accuracy: share(rollouts, ({ correct }) => correct),
    codeRatio: withCode.length / rollouts.length,
    codeLines: lines / rollouts.length,
    codeLinesWithCode: lines / withCode.length,
    calls: calls.length,
    correctCalls: calls.filter(isOk).length,
    callsPerRollout: calls.length / rollouts.length,
    callPassRate: byVerdict(rollouts, (part) =>
      share(
        part.flatMap(({ toolCalls }) => toolCalls),
        isOk,
      ),
    ),
    lastCallPassRate: byVerdict(withCode, (part) => share(part, ({ toolCalls }) => isOk(toolCalls.at(-1)!))),
    firstCallTiming: mean(withCode.map((rollout) => timing(rollout)[0]!)),
    callTiming: mean(withCode.flatMap(timing)),
    responseTokens: byVerdict(rollouts, (part) => mean(part.map(({ responseTokens }) => responseTokens))),
    medianResponseTokens: quantile(lengths, 0.5),
    longResponseTokens: quantile(lengths, 0.9),
    failures: countFailures(calls),
    failingShare: failing.length / rollouts.length,
    selfCorrections: failing.filter(hasSelfCorrection).length,
  };
}

/** Lines of code that are not blank. */
export function codeLines(code: string): number {
  return code.split("\n").filter((line) => line.trim() !== "").length;
}

function isOk({ status }: { readonly status: ToolStatus }): boolean {
  return status === "ok";
}

function byVerdict(rollouts: readonly AnalyzedRollout[], measure: (part: readonly AnalyzedRollout[]) => number): ByVerdict {
  const [right, wrong] = [true, false].map((verdict) => rollouts.filter(({ correct }) => correct === verdict));
  return { all: measure(rollouts), right: measure(right!), wrong: measure(wrong!) };
}

function countFailures(calls: readonly { readonly status: ToolStatus }[]): Partial<Record<ToolStatus, number>> {
  const counts: Partial<Record<ToolStatus, number>> = {};
  for (const { status } of calls) if (status !== "ok") counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function share<T>(items: readonly T[], test: (item: T) => boolean): number {
  return items.filter(test).length / items.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** With linear interpolation; NaN of nothing. */
function quantile(sorted: readonly number[], part: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = part * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  return below + (place - Math.floor(place)) * (sorted[Math.ceil(place)]! - below);
}
