import { streamKey } from "@retool-ts/core";
import type { ChatMessage } from "@retool-ts/data";
import type { SamplingParameters, TurnTokens } from "@retool-ts/engine";
import { HttpFault } from "@retool-ts/http";
import type { ChatContext, ChatEncoder, KnownPrefix } from "./chat-encoder.js";
import type { ConversationLog } from "./conversation-log.js";

/** Two words that name random numbers. */
export type NoiseKey = readonly [number, number];

/** A request's prompt, made ready. */
export interface PlannedChat {
  readonly promptIds: readonly number[];
  /** The random numbers of a choice. */
  key(choice: number): NoiseKey;
  /** Keeps a finished reply. */
  record(reply: ChatMessage, turn: TurnTokens): void;
}

/** What a request says of its tokens and random numbers. */
export interface PlanRequest {
  /** Begin the reply. */
  readonly forcedIds: readonly number[];
  readonly seed: number | undefined;
  /** Names the random numbers in place of a seed. */
  readonly noiseKey: NoiseKey | undefined;
  /** The conversation up to the end of its last reply, and the token that ended this as text. */
  readonly prefix: KnownPrefix | undefined;
}

/** A client's conversations as the endpoints see them. */
export interface Conversation {
  /** Computed beginnings are shared within it alone; undefined shares them with all. */
  readonly scope: string | undefined;
  /** Goes before the request's own settings. */
  readonly sampling: SamplingParameters | undefined;
  /** Most tokens of a reply. */
  readonly maxTokens: number | undefined;
  /** Aborted when the conversation is over, whatever still goes on. */
  readonly signal?: AbortSignal;
  /** Whether a request's replies can be recorded; completions of raw tokens cannot. */
  readonly recorded: boolean;
  plan(messages: readonly ChatMessage[], context: ChatContext, request: PlanRequest): PlannedChat;
  /** A request's settings of the sampling were not heeded. */
  onOverridden?(): void;
}

/** Conversations that nothing is remembered of. */
export function plainConversation(encoder: ChatEncoder, randomSeed: () => number): Conversation {
  return {
    scope: undefined,
    sampling: undefined,
    maxTokens: undefined,
    recorded: false,
    plan(messages, context, { forcedIds, seed = randomSeed(), noiseKey, prefix }) {
      const promptIds = prefix === undefined ? encoder.prompt(messages, context) : encoder.promptBehind(prefix, messages, context);
      return {
        promptIds: [...promptIds, ...forcedIds],
        key: (choice) => (noiseKey === undefined ? streamKey(seed, ["serve", choice]) : keyOfChoice(noiseKey, choice)),
        record: () => {},
      };
    },
  };
}

/** A named key is that of the first choice. */
function keyOfChoice(key: NoiseKey, choice: number): NoiseKey {
  return choice === 0 ? key : streamKey(key[0], ["choice", key[1], choice]);
}

/** Fixed for the conversations of one rollout. */
export interface RecordedConversationOptions {
  readonly scope: string;
  /** Names the random numbers; a request's seed is one name more. */
  readonly noise: { readonly seed: number; readonly labels: readonly (string | number)[] };
  /** Of the run that learns from them: the log-probabilities must be those that it computes. */
  readonly sampling?: SamplingParameters | undefined;
  readonly maxTokens?: number | undefined;
  readonly signal: AbortSignal;
  readonly onOverridden?: () => void;
}

/** Conversations of one rollout, remembered token by token. */
export function recordedConversation(log: ConversationLog, options: RecordedConversationOptions): Conversation {
  const { scope, noise, sampling, maxTokens, signal: over, onOverridden } = options;
  return {
    scope,
    signal: over,
    sampling,
    maxTokens,
    recorded: true,
    ...(onOverridden && { onOverridden }),
    plan(messages, context, { forcedIds, seed, noiseKey, prefix }) {
      const [field] = [noiseKey && "noise_key", prefix && "prefix_token_ids"].filter((name) => name !== undefined);
      if (field !== undefined) {
        const message = `${field}: a rollout names its random numbers and keeps its tokens itself`;
        throw new HttpFault(400, message, { param: field, code: "unsupported_parameter" });
      }
      const continuation = log.continue(messages, context, forcedIds);
      const { promptIds, repeat } = continuation;
      const again = (choice: number) => (repeat + choice === 0 ? [] : ["again", repeat, choice]);
      const named = seed === undefined ? [] : ["seed", seed];
      return {
        promptIds,
        key: (choice) => streamKey(noise.seed, [...noise.labels, ...named, ...again(choice)]),
        record: (reply, turn) => log.record(continuation, messages, reply, context, turn),
      };
    },
  };
}
