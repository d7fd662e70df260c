import { streamKey, uniformAt } from "@retool-ts/core";
import { truncateMiddle, type Budgets } from "./budgets.js";
import type { Dialect, TurnAction } from "./dialect.js";
import type { Sampler, SamplingParameters, TextCodec } from "./sampler.js";
import type { Tool, ToolOutcome } from "./tool.js";
import { TrajectoryBuilder } from "./trajectory-builder.js";
import type { StopReason, Trajectory } from "./trajectory.js";

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
  readonly sampleIndex: number;
}

/**
 * Runs one rollout on an open sequence that holds the prompt: sample a turn, run the call it ends with, append the output, go on.
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
  const { sampler, codec, dialect, budgets, sampling, signal } = options;
  const noise = streamKey(options.seed, ["rollout", key.step, key.problemId, key.sampleIndex]);
  const built = new TrajectoryBuilder(key, promptIds, codec);
  const finish = (reason: StopReason) => built.finish(reason);
  for (;;) {
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
    const action = dialect.parseTurn(text);
    const ended = endOfTurn(action);
    if (ended !== undefined) return finish(ended);
    if (action.kind !== "call") return finish("eos");
    if (built.turns >= budgets.maxTurns) return finish("maxTurns");
    if (built.toolCalls >= budgets.maxToolCalls) return finish("maxToolCalls");

    const started = options.now?.() ?? performance.now();
    const outcome = await callTool(action, key, built.toolCalls, options);
    const durationMs = (options.now?.() ?? performance.now()) - started;
    const shown = truncateMiddle(outcome.text, budgets.maxToolOutputChars);
    const { tool, source: input, offset } = action;
    built.addCall({ tool, input, result: shown, status: outcome.status, durationMs, fuel: outcome.fuel ?? 0 }, offset);
    if (signal?.aborted) return finish("aborted"); // before the status: a tool that was interrupted has not failed
    if (outcome.status === "infra") return finish("toolFailed");
    const pieces = dialect.renderResult(shown);
    const ids = pieces.flatMap((piece) => (piece.trusted ? codec.encode(piece.text) : codec.encodeUntrusted(piece.text)));
    if (built.responseLength + ids.length >= budgets.maxResponseTokens) return finish("maxTokens");
    if (built.length + ids.length >= sampler.maxLength) return finish("contextFull");
    built.addToolOutput(ids, pieces.map((piece) => piece.text).join(""));
    sampler.extend(sequence, ids);
  }
}

/** The stop reason of a turn that ends the rollout, if it does. */
function endOfTurn(action: TurnAction): StopReason | undefined {
  switch (action.kind) {
    case "answer":
      return "answered";
    case "none":
      return "eos";
    case "malformed":
      return "parseError";
    case "call":
      return undefined;
  }
}

async function callTool(
  action: Extract<TurnAction, { kind: "call" }>,
  { problemId, sampleIndex }: RolloutKey,
  callIndex: number,
  { tools, signal }: AgentOptions,
): Promise<ToolOutcome> {
  const tool = tools.find(({ name }) => name === action.tool);
  if (tool === undefined) {
    return { text: `unknown tool ${action.tool}; available: ${tools.map(({ name }) => name).join(", ")}`, status: "error" };
  }
  return tool.call(action.input, { problemId, sampleIndex, callIndex, ...(signal === undefined ? {} : { signal }) });
}
