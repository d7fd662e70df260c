import type { SamplingParameters } from "@retool-ts/engine";
import type { Trajectory } from "@retool-ts/rollout";
import type { ChatEncoder } from "./chat-encoder.js";
import { endText, type ServedModel } from "./completion-engine.js";
import { recordedConversation, type Conversation } from "./conversation.js";
import { ConversationLog, type LogStats } from "./conversation-log.js";
import { trajectoriesOf } from "./trajectories.js";

/** Names of a rollout, and what its replies are sampled with. */
export interface RolloutOptions {
  readonly problemId: string;
  readonly sampleIndex: number;
  /** Names the random numbers, together with problem and sample. */
  readonly seed: number;
  readonly step: number;
  /** Goes before what the agent asks for, so that the log-probabilities are those that a trainer computes. */
  readonly sampling?: SamplingParameters;
  /** Most tokens of one reply. */
  readonly maxTokens?: number;
}

/** Parts of the server that a rollout works with. */
export interface RolloutParts extends RolloutOptions {
  readonly id: string;
  readonly url: string;
  readonly encoder: ChatEncoder;
  readonly model: ServedModel;
}

/** Counters of a rollout. */
export interface RolloutStats extends LogStats {
  /** Requests whose sampling settings were not those of the run, which went before them. */
  readonly overridden: number;
}

/** One rollout of an agent: an address under which every token of the policy is remembered. */
export class RecordedRollout {
  /** What an OpenAI client takes as its base URL. */
  readonly baseURL: string;
  readonly conversation: Conversation;
  readonly #parts: RolloutParts;
  readonly #log: ConversationLog;
  readonly #onClose: () => void;
  readonly #over = new AbortController();
  #overridden = 0;

  constructor(parts: RolloutParts, onClose: () => void) {
    const { id, url, encoder, model, problemId, sampleIndex, seed, step, sampling, maxTokens } = parts;
    this.#parts = parts;
    this.#onClose = onClose;
    this.baseURL = `${url}/rollouts/${id}/v1`;
    this.#log = new ConversationLog(encoder, ({ tokenIds, finish }) => (finish === "stop" ? endText(tokenIds.at(-1), model) : ""));
    this.conversation = recordedConversation(this.#log, {
      scope: id,
      noise: { seed, labels: ["rollout", step, problemId, sampleIndex] },
      sampling,
      maxTokens,
      signal: this.#over.signal,
      onOverridden: () => this.#overridden++,
    });
  }

  get stats(): RolloutStats {
    return { ...this.#log.stats, overridden: this.#overridden };
  }

  /** Replies so far. */
  get turns(): number {
    return this.#log.turns.length;
  }

  /** One trajectory for each branch of the conversation; no sampled token has mask 1 in two of them. */
  trajectories(): Trajectory[] {
    const { problemId, sampleIndex, model } = this.#parts;
    return trajectoriesOf(this.#log.turns, { problemId, sampleIndex, codec: model.tokenizer });
  }

  /** Closes the address, ends what is still asked for there, and frees what its conversations kept. */
  close(): void {
    this.#over.abort();
    this.#onClose();
  }
}
