import { createTrajectory, type Segment, type StopReason, type TextCodec, type ToolCall, type Trajectory } from "@retool-ts/rollout";
import type { ChatMessage, ChatToolCall } from "@retool-ts/data";
import { turnsOf, type RecordedTurn } from "./conversation-log.js";

/** What names trajectories, and reads their tokens. */
export interface TrajectoryContext {
  readonly problemId: string;
  readonly sampleIndex: number;
  readonly codec: TextCodec;
}

/**
 * Trajectories of recorded turns, one for each turn that nothing follows, in the order of their first replies. What an earlier one has as
 * the policy's own belongs to the prompt of a later one, so that every sampled token is learned from once.
 */
export function trajectoriesOf(turns: readonly RecordedTurn[], context: TrajectoryContext): Trajectory[] {
  const parents = new Set(turns.map(({ parent }) => parent));
  const paths = turns.filter((turn) => !parents.has(turn)).map(turnsOf);
  const place = (turn: RecordedTurn) => turns.indexOf(turn);
  const taken = new Set<RecordedTurn>();
  return paths
    .toSorted((a, b) => comparePaths(a.map(place), b.map(place)))
    .map((path) => {
      const fresh = path.findIndex((turn) => !taken.has(turn));
      for (const turn of path) taken.add(turn);
      return trajectoryOf(path, fresh, context);
    });
}

/** The path whose first different turn was taken first comes first. */
function comparePaths(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((place, index) => place !== b[index]);
  return i < 0 ? 0 : a[i]! - (b[i] ?? Infinity);
}

function trajectoryOf(path: readonly RecordedTurn[], fresh: number, { problemId, sampleIndex, codec }: TrajectoryContext): Trajectory {
  const tokenIds: number[] = [];
  const lossMask: number[] = [];
  const logProbs: number[] = [];
  const segments: Segment[] = [];
  const toolCalls: ToolCall[] = [];
  const add = (kind: Segment["kind"], ids: readonly number[], own?: readonly number[]): void => {
    const start = tokenIds.length;
    for (const [i, id] of ids.entries()) {
      tokenIds.push(id);
      lossMask.push(own === undefined ? 0 : 1);
      logProbs.push(own?.[i] ?? 0);
    }
    segments.push({ kind, start, end: tokenIds.length, text: codec.decode(ids) });
  };
  const prompt = [...path.slice(0, fresh).flatMap(({ inputIds, turn }) => [...inputIds, ...turn.tokenIds]), ...path[fresh]!.inputIds];
  add("prompt", prompt);
  path.slice(fresh).forEach((recorded, i) => {
    if (i > 0) add("tool", recorded.inputIds);
    const start = tokenIds.length;
    if (recorded.turn.tokenIds.length > 0) add("model", recorded.turn.tokenIds, recorded.turn.logProbs);
    const next = path[fresh + i + 1];
    toolCalls.push(...callsOf(recorded, next?.messages.slice(recorded.messages.length) ?? [], start));
  });
  return createTrajectory({
    problemId,
    sampleIndex,
    tokenIds: Int32Array.from(tokenIds),
    lossMask: Uint8Array.from(lossMask),
    logProbs: Float32Array.from(logProbs),
    promptLength: prompt.length,
    segments,
    toolCalls,
    stopReason: stopReasonOf(path.at(-1)!),
    turns: path.length - fresh,
  });
}

/** Calls of a turn with the results that the agent sent for them; how they went, and how long they took, it alone knows. */
function callsOf({ messages }: RecordedTurn, answers: readonly ChatMessage[], start: number): ToolCall[] {
  return (messages.at(-1)!.tool_calls ?? []).map((call) => {
    const result = answers.find(({ role, tool_call_id }) => role === "tool" && tool_call_id === call.id)?.content ?? "";
    return { tool: call.function.name, input: inputOf(call), result, status: "ok", durationMs: 0, fuel: 0, start };
  });
}

function inputOf({ function: { arguments: input } }: ChatToolCall): string {
  if (typeof input === "string") return input;
  return typeof input["code"] === "string" ? input["code"] : JSON.stringify(input);
}

function stopReasonOf({ turn, messages }: RecordedTurn): StopReason {
  if (turn.finish === "length") return "maxTokens";
  if (turn.finish === "full") return "contextFull";
  return (messages.at(-1)!.tool_calls ?? []).length > 0 ? "maxTurns" : "answered";
}
