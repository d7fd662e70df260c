import type { Sampler, SamplingParameters } from "@retool-ts/engine";
import { streamKey, uniformAt } from "@retool-ts/core";
import { truncateOutput, type Budgets } from "./budgets.js";
import { joinPieces, type CallRequest, type Dialect, type TurnAction } from "./dialect.js";
import type { TextCodec } from "./text-codec.js";
import type { Tool, ToolOutcome } from "./tool.js";
import { beginTools } from "./tool-sessions.js";
import { TrajectoryBuilder } from "./trajectory-builder.js";
import { isToolFault, type StopReason, type ToolCall, type Trajectory } from "./trajectory.js";

/** What all rollouts of a run share. */
export interface AgentOptions {
  readonly sampler: Sampler;
  readonly codec: TextCodec;
  readonly dialect: Dialect;
  readonly tools: readonly Tool[];
  readonly budgets: Budgets;
  readonly sampling: SamplingParameters;
  /** Ids that end the response, besides the dialect's own stops. */
  readonly eosTokenIds: readonly number[];
  readonly seed: number;
  /** Milliseconds, for durations of tool calls; inject a fixed clock for byte-equal records. */
  readonly now?: () => number;
  readonly signal?: AbortSignal;
}

/** One rollout of one problem: names its random numbers together with the seed. */
export interface RolloutKey {
  readonly step: number;
  readonly problemId: string;
  /** Handed to tools, as it is. */
  readonly problem?: unknown;
  readonly sampleIndex: number;
}

/**
 * Runs one rollout on an open sequence that holds the prompt: sample a turn, run the calls it asks for, append the output, go on.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 2.3. The sequence stays open. Output that leaves no room for another
 * token is dropped, and so is that of a call which was interrupted or whose tool failed; the call itself is on record.
 */
export async function runAgent(
  sequence: number,
  promptIds: readonly number[],
  key: RolloutKey,
  options: AgentOptions,
): Promise<Trajectory> {
  const { tools, close } = beginTools(options.tools, key);
  try {
    return await runTurns(sequence, promptIds, key, { ...options, tools });
  } finally {
    await close();
  }
}

async function runTurns(sequence: number, promptIds: readonly number[], key: RolloutKey, options: AgentOptions): Promise<Trajectory> {
  const { sampler, codec, dialect, budgets, sampling, signal } = options;
  const noise = noiseKeyOf(options.seed, key);
  const built = new TrajectoryBuilder(key, promptIds, codec);
  const finish = (reason: StopReason) => built.finish(reason);
  const clock = clockOf(options);
  const deadline = budgets.maxDurationMs === undefined ? undefined : clock() + budgets.maxDurationMs;
  for (;;) {
    if (deadline !== undefined && clock() >= deadline) return finish("maxTime");
    const room = Math.min(budgets.maxTurnTokens, budgets.maxResponseTokens - built.responseLength);
    if (room <= 0) return finish("maxTokens");
    const turn = await sampler.decode(sequence, {
      ...sampling,
      maxTokens: room,
      uniform: (position) => uniformAt(noise, position),
      stopTokenIds: options.eosTokenIds,
      stopStrings: dialect.stopStrings,
      ...(signal === undefined ? {} : { signal }),
    });
    const text = built.addModelTurn(turn);
    if (turn.finish === "aborted") return finish("aborted");
    if (turn.finish === "full") return finish("contextFull");
    if (turn.finish === "length") return finish("maxTokens");
    const asked = readTurn(dialect.parseTurn(text));
    if (asked.ended !== undefined) return finish(asked.ended);
    if (built.turns >= budgets.maxTurns) return finish("maxTurns");
    const calls = asked.calls.slice(0, budgets.maxToolCalls - built.toolCalls);
    if (calls.length === 0) return finish("maxToolCalls");

    const first = built.toolCalls;
    const ran = await Promise.all(calls.map((call, i) => runToolCall(call, key, first + i, options)));
    for (const { record, offset } of ran) built.addCall(record, offset);
    if (signal?.aborted) return finish("aborted"); // before the status: a tool that was interrupted has not failed
    if (ran.some(({ record }) => isToolFault(record.status))) return finish("toolFailed");
    const pieces = joinPieces(
      ran.flatMap(({ record }, index) => dialect.renderResult(record.result, { index, count: ran.length, turn: text })),
    );
    const ids = pieces.flatMap((piece) => (piece.trusted ? codec.encode(piece.text) : codec.encodeUntrusted(piece.text)));
    if (built.responseLength + ids.length >= budgets.maxResponseTokens) return finish("maxTokens");
    if (built.length + ids.length >= sampler.maxLength) return finish("contextFull");
    built.addToolOutput(ids, pieces.map((piece) => piece.text).join(""));
    sampler.extend(sequence, ids);
  }
}

/** Names the random numbers of a rollout, each by the place of its token in the sequence. */
export function noiseKeyOf(seed: number, { step, problemId, sampleIndex }: RolloutKey): readonly [number, number] {
  return streamKey(seed, ["rollout", step, problemId, sampleIndex]);
}

/** The calls of a turn, or why it ends the rollout. */
function readTurn(action: TurnAction): { readonly ended?: StopReason; readonly calls: readonly CallRequest[] } {
  switch (action.kind) {
    case "answer":
      return { ended: "answered", calls: [] };
    case "none":
      return { ended: "eos", calls: [] };
    case "malformed":
      return { ended: "parseError", calls: [] };
    case "call":
      return { calls: [action] };
    case "calls":
      return action.calls.length === 0 ? { ended: "eos", calls: [] } : { calls: action.calls };
  }
}

/** What one call needs of a rollout. */
export type ToolCallOptions = Pick<AgentOptions, "tools" | "budgets" | "now" | "signal">;

/** Runs one call; its record holds the output as the policy is shown it. */
export async function runToolCall(
  call: CallRequest,
  key: RolloutKey,
  callIndex: number,
  options: ToolCallOptions,
): Promise<{ readonly record: Omit<ToolCall, "start">; readonly offset: number }> {
  const clock = clockOf(options);
  const started = clock();
  const { text, status, fuel = 0 } = await callTool(call, key, callIndex, options);
  const durationMs = clock() - started;
  const { maxToolOutputChars, toolOutputCut } = options.budgets;
  const result = truncateOutput(text, maxToolOutputChars, toolOutputCut);
  return { record: { tool: call.tool, input: call.source, result, status, durationMs, fuel }, offset: call.offset };
}

function clockOf({ now }: Pick<AgentOptions, "now">): () => number {
  return now ?? (() => performance.now());
}

async function callTool(
  { tool: name, input }: CallRequest,
  { problemId, sampleIndex, problem }: RolloutKey,
  callIndex: number,
  { tools, signal }: ToolCallOptions,
): Promise<ToolOutcome> {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) {
    return { text: `unknown tool ${name}; available: ${tools.map((known) => known.name).join(", ")}`, status: "error" };
  }
  try {
    const outcome = await tool.call(input, { problemId, sampleIndex, problem, callIndex, ...(signal === undefined ? {} : { signal }) });
    if (typeof outcome?.text === "string" && typeof outcome.status === "string") return outcome;
    return { text: `tool ${name}: expected { text, status }, got ${JSON.stringify(outcome)}`, status: "infra" };
  } catch (error) {
    return { text: `tool ${name}: ${error instanceof Error ? error.message : String(error)}`, status: "infra" };
  }
}
