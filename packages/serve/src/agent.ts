import type { Problem } from "@retool-ts/data";

/** Facts of one rollout that an agent may want to know. */
export interface AgentRollout {
  readonly problemId: string;
  /** Place among the rollouts of the problem. */
  readonly sampleIndex: number;
  readonly step: number;
  readonly seed: number;
}

/** What an agent is given for one rollout. */
export interface AgentTask {
  readonly problem: Problem;
  /** OpenAI's API of the policy: what is sampled under it is what the policy learns from. */
  readonly baseURL: string;
  readonly apiKey: string;
  /** Name of the policy for clients. */
  readonly model: string;
  readonly rollout: AgentRollout;
  /** Aborted when the rollout has taken too long or the run is stopped. */
  readonly signal: AbortSignal;
}

/** What an agent says of its rollout. */
export interface AgentScore {
  /** The number to train on. */
  readonly score: number;
  /** Whether the answer is right, for accuracies; default: a score above 0. */
  readonly correct?: boolean;
  /** Measures of its own, each logged as a mean. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Text that is kept beside the rollout, such as its answer. */
  readonly info?: string;
}

/** A program that solves one problem with the policy, by whatever means, and scores how it went. */
export type Agent = (task: AgentTask) => Promise<AgentScore | number> | AgentScore | number;
