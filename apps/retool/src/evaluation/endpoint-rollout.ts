import type { ChatMessage, Problem } from "@retool-ts/data";
import { beginTools, isToolFault, noiseKeyOf, runToolCall, type Dialect, type StopReason, type Trajectory } from "@retool-ts/rollout";
import type { World } from "../setup/create-environment.js";
import { isTooLong, type Completion, type EndpointModel, type WireMessage } from "./endpoint-model.js";
import { readCompletion } from "./endpoint-turn.js";
import { CountedTrajectory } from "./counted-trajectory.js";

/** Tokens of all requests of a rollout, as the server counts them. */
export interface EndpointUsage {
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** A rollout at an endpoint, or why there is none. */
export type EndpointRollout = { readonly usage: EndpointUsage } & (
  | { readonly status: "ended"; readonly trajectory: Trajectory }
  | { readonly status: "failed"; readonly reason: string }
);

/** What all rollouts at an endpoint share. */
export interface EndpointRolloutOptions {
  readonly model: Pick<EndpointModel, "ask">;
  readonly world: Pick<World, "tools" | "budgets">;
  readonly dialect: Dialect;
  readonly prompt: (question: string) => readonly ChatMessage[];
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Shown as they come: what the model wrote, and what it was given. */
  readonly onText?: (kind: "model" | "tool", text: string) => void;
}

/** Tokens that a reply says it took. */
const usageOf = ({ usage }: Completion) => ({ prompt: usage?.prompt_tokens ?? 0, completion: usage?.completion_tokens ?? 0 });

/**
 * One rollout whose turns another server writes and whose tools run here, within the same budgets as in training.
 *
 * Tool output is counted by the prompt of the request behind it. Where it turns out to leave less room than the reply took, the turn is
 * asked for again with the room that there is.
 */
export async function endpointRollout(problem: Problem, sampleIndex: number, options: EndpointRolloutOptions): Promise<EndpointRollout> {
  const key = { step: 0, problemId: problem.id, problem, sampleIndex };
  const { tools, close } = beginTools(options.world.tools, key);
  try {
    return await converse(problem, sampleIndex, { ...options, world: { ...options.world, tools } });
  } finally {
    await close();
  }
}

async function converse(problem: Problem, sampleIndex: number, options: EndpointRolloutOptions): Promise<EndpointRollout> {
  const { model, world, dialect, prompt, signal, onText } = options;
  const { budgets } = world;
  const key = { step: 0, problemId: problem.id, problem, sampleIndex };
  const noiseKey = noiseKeyOf(options.seed, key);
  const seed = noiseKey[0] >>> 1; // servers take 31 bits
  let prefixIds: readonly number[] | undefined;
  const messages: WireMessage[] = prompt(problem.question).map(({ role, content }) => ({ role, content: content ?? "" }));
  const built = new CountedTrajectory(key, messages.map(({ content }) => content).join("\n\n"));
  const spent = { requests: 0, promptTokens: 0, completionTokens: 0 };
  const finish = (reason: StopReason): EndpointRollout => ({ status: "ended", trajectory: built.finish(reason), usage: spent });
  const deadline = budgets.maxDurationMs === undefined ? Infinity : performance.now() + budgets.maxDurationMs;
  const ask = async (maxTokens: number) => {
    const reply = await model.ask({ messages, maxTokens, seed, noiseKey, prefixIds, sample: [problem.id, sampleIndex] });
    spent.requests++;
    if (reply.status === "ok") {
      spent.promptTokens += usageOf(reply.value).prompt;
      spent.completionTokens += usageOf(reply.value).completion;
    }
    return reply;
  };
  const roomNow = () => Math.min(budgets.maxTurnTokens, budgets.maxResponseTokens - built.responseLength);
  let waiting: string | undefined; // tool output whose tokens the next prompt will tell
  for (;;) {
    if (performance.now() >= deadline) return finish("maxTime");
    let room = roomNow();
    if (room <= 0) return finish("maxTokens");
    let reply = await ask(room);
    if (reply.status === "ok") {
      const { prompt: promptTokens } = usageOf(reply.value);
      if (waiting === undefined) built.promptLength = promptTokens;
      else {
        const toolTokens = Math.max(0, promptTokens - built.length);
        if (built.responseLength + toolTokens >= budgets.maxResponseTokens) return finish("maxTokens");
        built.add("tool", waiting, toolTokens);
        room = roomNow();
        if (usageOf(reply.value).completion > room) reply = await ask(room);
      }
    }
    if (reply.status === "failed") {
      if (isTooLong(reply.refusal)) return finish("contextFull");
      return { status: "failed", reason: reply.reason, usage: spent };
    }
    const { completion } = usageOf(reply.value);
    prefixIds = idsOf(reply.value);
    const turn = readCompletion(reply.value, dialect, built.turns);
    onText?.("model", turn.text);
    built.addTurn(turn.text, completion);
    if (reply.value.choices[0]!.finish_reason === "length")
      return finish(completion > 0 && completion < room ? "contextFull" : "maxTokens");
    if (turn.ended !== undefined) return finish(turn.ended);
    if (built.turns >= budgets.maxTurns) return finish("maxTurns");
    const calls = turn.calls.slice(0, budgets.maxToolCalls - built.toolCalls);
    if (calls.length === 0) return finish("maxToolCalls");

    const first = built.toolCalls;
    const ran = await Promise.all(calls.map(({ request }, i) => runToolCall(request, key, first + i, { ...world, signal })));
    for (const { record } of ran) built.addCall(record);
    signal.throwIfAborted();
    if (ran.some(({ record }) => isToolFault(record.status))) return finish("toolFailed");
    const results = ran.map(({ record }) => inert(dialect, record.result));
    messages.push(turn.message(calls));
    results.forEach((content, i) => messages.push({ role: "tool", tool_call_id: calls[i]!.wire.id, content }));
    waiting = results.join("\n");
    onText?.("tool", waiting);
  }
}

/** All tokens up to the end of a reply, where the server tells them. */
function idsOf({ prompt_token_ids: before, choices: [choice] }: Completion): readonly number[] | undefined {
  return before == null || choice!.token_ids == null ? undefined : [...before, ...choice!.token_ids];
}

/** Output as the dialect shows it in training: it cannot close its own block. */
function inert(dialect: Dialect, output: string): string {
  const own = dialect.renderResult(output).filter(({ trusted }) => !trusted);
  return own.map(({ text }) => text).join("");
}
