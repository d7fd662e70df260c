import type { StopReason, Trajectory } from "./trajectory.js";

/** Endings whose last turn is no void one: it answers, or holds a call that a budget kept from running. */
const ENDED_BY_ACTION: ReadonlySet<StopReason> = new Set(["answered", "maxTurns", "maxToolCalls"]);

/**
 * Whether a turn of a rollout does nothing: it neither calls a tool nor answers. Such a turn often follows tool output that is
 * unlike the model's own text, and its improbable tokens have large gradients.
 *
 * Xue et al., "SimpleTIR" (https://arxiv.org/abs/2509.02479).
 */
export function hasVoidTurn({ segments, toolCalls, stopReason, turns }: Trajectory): boolean {
  const calling = segments.filter(
    ({ kind, start, end }) => kind === "model" && toolCalls.some((call) => call.start >= start && call.start < end),
  );
  return calling.length + (ENDED_BY_ACTION.has(stopReason) ? 1 : 0) < turns;
}

/** The rollouts without a void turn, in order. Filter after advantages are computed: baselines are those of the whole group. */
export function filterVoidTurns(trajectories: readonly Trajectory[]): Trajectory[] {
  return trajectories.filter((trajectory) => !hasVoidTurn(trajectory));
}
