import { randomBytes } from "node:crypto";
import type { EngineSampler } from "@retool-ts/engine";
import type { GradedRollout, RollOut, RolloutRequest, SamplingModel } from "@retool-ts/evaluate";
import type { RewardResult } from "@retool-ts/reward";
import { createTrajectory, type StopReason, type Trajectory } from "@retool-ts/rollout";
import type { Problem } from "@retool-ts/data";
import pLimit from "p-limit";
import type { Agent, AgentScore } from "./agent.js";
import type { ChatFormat } from "./chat-format.js";
import type { RolloutStats } from "./recorded-rollout.js";
import { runAgentOnce, type AgentOutcome } from "./run-agent.js";
import { serveOpenAI, type OpenAIServer } from "./serve-openai.js";

/** Options of {@link agentRollouts}. */
export interface AgentRolloutsOptions {
  readonly format: ChatFormat;
  /** A sampler of the present weights; it is disposed of after the rollouts. */
  readonly openSampler: (model: SamplingModel) => Promise<EngineSampler>;
  /** Name of the policy for agents; default `policy`. */
  readonly modelName?: string;
  /** Rollouts at once; default 16, at most half of the sampler's sequences. */
  readonly concurrency?: number;
  /** Milliseconds that a rollout may take, 10 minutes by default. */
  readonly timeoutMs?: number;
  /** Most tokens of one reply. */
  readonly maxReplyTokens?: number;
  /** Share of rollouts that must be scored; with fewer none is learned from. Default 0.5. */
  readonly minScored?: number;
  /** Told of rollouts that failed, and of steps that are skipped. */
  readonly say?: (text: string) => void;
}

interface FinishedRollout {
  readonly rollout: GradedRollout;
  readonly outcome: AgentOutcome;
  readonly stats: RolloutStats;
}

/**
 * Rolls out problems with an agent that speaks OpenAI's API: the policy is served while they run, and what each of them has it write is
 * recorded. A rollout whose agent throws, hangs, gives no score or never calls the policy has failed: it is shown, and not learned from.
 */
export function agentRollouts(agent: Agent, options: AgentRolloutsOptions): RollOut {
  return async (model, request) => {
    const { problems, samples, signal, onRollout, onGroup, onMetrics } = request;
    const sampler = await options.openSampler(model);
    try {
      const { tokenizer, eosTokenIds } = model;
      const token = randomBytes(16).toString("hex");
      const { format, modelName = "policy" } = options;
      const server = await serveOpenAI({ sampler, tokenizer, eosTokenIds, format, modelName, token, port: 0, queueLimit: 4_096 });
      try {
        const permits = pLimit(Math.max(1, Math.min(options.concurrency ?? 16, Math.floor(sampler.available / 2))));
        let done = 0;
        const rollOne = async (problem: Problem, sampleIndex: number): Promise<FinishedRollout> => {
          const finished = await rollOut(agent, { server, token, model, options, request }, problem, sampleIndex);
          onRollout?.(++done, problems.length * samples);
          return finished;
        };
        const groups = await Promise.all(
          problems.map(async (problem) => {
            const group = await Promise.all(Array.from({ length: samples }, (_, i) => permits(() => rollOne(problem, i))));
            onGroup?.(group.map(({ rollout }) => rollout));
            return group;
          }),
        );
        signal?.throwIfAborted();
        onMetrics?.(metricsOf(groups.flat()));
        return judge(groups, options);
      } finally {
        await server.close(0);
      }
    } finally {
      sampler.dispose();
    }
  };
}

interface RolloutSetting {
  readonly server: OpenAIServer;
  readonly token: string;
  readonly model: SamplingModel;
  readonly options: AgentRolloutsOptions;
  readonly request: RolloutRequest;
}

async function rollOut(agent: Agent, setting: RolloutSetting, problem: Problem, sampleIndex: number): Promise<FinishedRollout> {
  const { server, token, model, options, request } = setting;
  const { seed, step, sampling, signal } = request;
  const { modelName = "policy", timeoutMs = 600_000, maxReplyTokens } = options;
  const names = { problemId: problem.id, sampleIndex, seed, step };
  const recorded = server.openRollout({ ...names, sampling, ...(maxReplyTokens !== undefined && { maxTokens: maxReplyTokens }) });
  const task = { problem: copyOf(problem), baseURL: recorded.baseURL, apiKey: token, model: modelName, rollout: names };
  const ended = await runAgentOnce(agent, task, { timeoutMs, signal: signal && AbortSignal.any([signal]) }); // many wait at once: Node warns of more than ten listeners
  recorded.close();
  const [first, ...branches] = recorded.trajectories();
  const outcome: AgentOutcome =
    ended.status === "scored" && first === undefined
      ? { status: "failed", reason: "no model call", message: "never called the policy" }
      : ended;
  const trajectory = first ?? emptyTrajectory(problem, sampleIndex, model);
  const { stats } = recorded;
  if (outcome.status === "scored") {
    const rollout = { problem, trajectory, reward: rewardOf(outcome.score), ...(branches.length > 0 && { branches }) };
    return { rollout, outcome, stats };
  }
  const reward = {
    score: 0,
    correct: false,
    prediction: outcome.status === "failed" ? `the agent ${outcome.message}` : undefined,
    parts: {},
  };
  return {
    rollout: { problem, trajectory: endedAs(trajectory, outcome.status === "failed" ? "toolFailed" : "aborted"), reward },
    outcome,
    stats,
  };
}

/** A problem of the agent's own: others are given the same one. Families have functions in theirs, so that it cannot be cloned as a whole. */
function copyOf(problem: Problem): Problem {
  const { columns } = problem;
  return { ...problem, ...(columns && { columns: dataOf(columns) }) };
}

/** Lists and plain objects are copied, all else is as it was. */
function dataOf<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map((each: unknown) => dataOf(each)) as Value;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, dataOf(each as unknown)])) as Value;
}

function rewardOf({ score, correct, metrics, info }: AgentScore): RewardResult {
  return { score, correct: correct ?? score > 0, prediction: info, parts: { ...metrics } };
}

/** The question alone, for a rollout in which the policy wrote nothing. */
function emptyTrajectory({ id, question }: Problem, sampleIndex: number, { tokenizer }: SamplingModel): Trajectory {
  const tokenIds = Int32Array.from(tokenizer.encodeUntrusted(question));
  const { length } = tokenIds;
  return createTrajectory({
    problemId: id,
    sampleIndex,
    tokenIds,
    lossMask: new Uint8Array(length),
    logProbs: new Float32Array(length),
    promptLength: length,
    segments: [{ kind: "prompt", start: 0, end: length, text: question }],
    toolCalls: [],
    stopReason: "toolFailed",
    turns: 0,
  });
}

function endedAs(trajectory: Trajectory, stopReason: StopReason): Trajectory {
  return createTrajectory({ ...trajectory, stopReason });
}

/** The groups as they are learned from: where too few rollouts were scored, none is. */
function judge(groups: readonly (readonly FinishedRollout[])[], { minScored = 0.5, say }: AgentRolloutsOptions): GradedRollout[][] {
  const all = groups.flat();
  const failed = all.filter(({ outcome }) => outcome.status === "failed");
  if (failed.length > 0) say?.(`${failed.length} of ${all.length} rollouts failed: ${reasonsOf(failed)}`);
  if (all.length - failed.length >= minScored * all.length) return groups.map((group) => group.map(({ rollout }) => rollout));
  say?.(`fewer than ${Math.round(100 * minScored)} % of the rollouts were scored: nothing is learned from them`);
  return groups.map((group) => group.map(({ rollout }) => ({ ...rollout, trajectory: endedAs(rollout.trajectory, "toolFailed") })));
}

/** The most frequent messages first. */
function reasonsOf(failed: readonly FinishedRollout[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of failed) {
    if (outcome.status !== "failed") continue;
    const text = `${outcome.reason === "threw" ? "threw: " : ""}${outcome.message.split("\n")[0]!.slice(0, 200)}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, 3);
  return sorted.map(([text, count]) => `${count} × ${text}`).join("; ");
}

/** Shares and means over rollouts. */
function metricsOf(finished: readonly FinishedRollout[]): Record<string, number> {
  const mean = (value: (each: FinishedRollout) => number): number =>
    finished.reduce((sum, each) => sum + value(each), 0) / Math.max(1, finished.length);
  const failed = (reason: string) => mean(({ outcome }) => (outcome.status === "failed" && outcome.reason === reason ? 1 : 0));
  return {
    "agent/failed_share": mean(({ outcome }) => (outcome.status === "failed" ? 1 : 0)),
    "agent/hung_share": failed("hung"),
    "agent/silent_share": failed("no model call"),
    "agent/requests": mean(({ stats }) => stats.requests),
    "agent/branches": mean(({ stats }) => stats.branches),
    "agent/edited_turns": mean(({ stats }) => stats.editedTurns),
    "agent/unkept_turns": mean(({ stats }) => stats.unkeptTurns),
    "agent/overridden_requests": mean(({ stats }) => stats.overridden),
  };
}
