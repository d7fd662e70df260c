import { assertSameLength, RetoolError } from "@retool-ts/core";

/** Why a rollout ended. */
export const STOP_REASONS = [
  "answered",
  "eos",
  "maxTokens",
  "maxTurns",
  "maxToolCalls",
  "contextFull",
  "maxTime",
  "parseError",
  "toolFailed",
  "aborted",
] as const;

/**
 * - `answered`: the policy closed an answer block; `eos`: it ended without one.
 * - `maxTokens`, `maxTurns`, `maxToolCalls`, `contextFull`: a budget was used up.
 * - `maxTime`: the outer guard on the clock; unlike the others it depends on the machine.
 * - `parseError`: a call that the dialect cannot read; `toolFailed`: the tool itself failed or the clock ended it, which is not the
 *   policy's doing.
 * - `aborted`: the run was interrupted.
 */
export type StopReason = (typeof STOP_REASONS)[number];

/** A stretch of a trajectory with one author; `tool` is text written by the environment. */
export interface Segment {
  readonly kind: "prompt" | "model" | "tool";
  /** First token, and one past the last. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * How a tool call ended. `infra` is a fault of the machinery, and `timeout` a verdict of the clock, which depends on the machine and its
 * load: neither says anything of the policy, and a rollout with one must not be scored.
 */
export type ToolStatus = "ok" | "error" | "fuel" | "timeout" | "oom" | "stack" | "output" | "killed" | "infra";

/** Whether a call ended by no doing of the policy's. */
export function isToolFault(status: ToolStatus): boolean {
  return status === "infra" || status === "timeout";
}

/** One call and what came back. */
export interface ToolCall {
  readonly tool: string;
  /** As the policy wrote it; for the code interpreter, the code. */
  readonly input: string;
  /** What the policy was shown, after truncation. */
  readonly result: string;
  readonly status: ToolStatus;
  readonly durationMs: number;
  /** Counted work of the sandbox; 0 for tools that count none. */
  readonly fuel: number;
  /** Token in which the call begins, such as the one with `<code>`. */
  readonly start: number;
}

/**
 * One rollout: what the policy read and wrote, token by token. `tokenIds`, `lossMask` and `logProbs` have one length. Ids that were
 * sampled are never decoded and encoded again.
 */
export interface Trajectory {
  readonly problemId: string;
  readonly sampleIndex: number;
  readonly tokenIds: Int32Array;
  /** 1 = sampled by the policy; 0 = prompt, tool output, forced text. */
  readonly lossMask: Uint8Array;
  /** Log-probability under the sampler's weights, 0 where the mask is 0. */
  readonly logProbs: Float32Array;
  readonly promptLength: number;
  readonly segments: readonly Segment[];
  readonly toolCalls: readonly ToolCall[];
  readonly stopReason: StopReason;
  /** How often the policy was asked to go on. */
  readonly turns: number;
}

/**
 * Checks what every trajectory promises and freezes it.
 *
 * @throws ShapeError when the parallel arrays differ in length.
 * @throws RetoolError when segments do not begin with the prompt, leave gaps, or disagree with the mask.
 */
export function createTrajectory(fields: Trajectory): Trajectory {
  const { tokenIds, lossMask, logProbs, segments, promptLength } = fields;
  const length = assertSameLength({ tokenIds, lossMask, logProbs });
  if (segments[0]?.kind !== "prompt" || segments[0].end !== promptLength)
    throw invalid(`the first segment is not a prompt of ${promptLength} tokens`);
  let end = 0;
  for (const segment of segments) {
    if (segment.start !== end || segment.end < segment.start) throw invalid(`segment at ${segment.start} does not continue from ${end}`);
    end = segment.end;
    const mask = segment.kind === "model" ? 1 : 0;
    for (let t = segment.start; t < segment.end; t++) {
      if (lossMask[t] !== mask) throw invalid(`token ${t} has mask ${lossMask[t]} in a ${segment.kind} segment`);
      if (mask === 0 && logProbs[t] !== 0) throw invalid(`token ${t} has a log-probability but was not sampled`);
    }
  }
  if (end !== length) throw invalid(`segments end at ${end} of ${length} tokens`);
  return Object.freeze({ ...fields });
}

function invalid(reason: string): RetoolError {
  return new RetoolError("TRAJECTORY", `trajectory: ${reason}`);
}

/** Text that the policy wrote, without tool output. */
export function modelText({ segments }: Trajectory): string {
  return segments
    .filter(({ kind }) => kind === "model")
    .map(({ text }) => text)
    .join("");
}

/** Everything after the prompt, tool output included. */
export function responseText({ segments }: Trajectory): string {
  return segments
    .filter(({ kind }) => kind !== "prompt")
    .map(({ text }) => text)
    .join("");
}
