import type { ChatMessage } from "@retool-ts/data";
import type { TurnTokens } from "@retool-ts/engine";
import { messageKey, sortedJson } from "./chat-message.js";
import type { ChatContext, ChatEncoder } from "./chat-encoder.js";

/** One reply of the policy, behind all that came before it. */
export interface RecordedTurn {
  readonly parent: RecordedTurn | undefined;
  /** Tokens between the parent's end and the reply: prompt, new messages, forced text. */
  readonly inputIds: readonly number[];
  readonly turn: TurnTokens;
  /** Messages up to the reply, which is the last of them. */
  readonly messages: readonly ChatMessage[];
  readonly keys: readonly string[];
  readonly contextKey: string;
  /** Tokens up to the end of the reply. */
  readonly length: number;
}

/** Where a request's conversation goes on. */
export interface Continuation {
  readonly parent: RecordedTurn | undefined;
  /** All tokens of the prompt. */
  readonly promptIds: readonly number[];
  /** Those behind the parent. */
  readonly inputIds: readonly number[];
  /** How often the same prompt was asked for before: names the random numbers. */
  readonly repeat: number;
}

/** Counters of one log. */
export interface LogStats {
  readonly requests: number;
  /** Conversations begun besides the first one, and turns taken again. */
  readonly branches: number;
  /** Turns of the policy in a request's history that are not what was recorded, and so were encoded from text. */
  readonly editedTurns: number;
  /** Recorded turns whose ids could not be kept because the template writes them otherwise once others follow. */
  readonly unkeptTurns: number;
}

/**
 * What the policy wrote in one rollout, by the messages that it answered. A request that repeats recorded messages goes on behind their
 * ids: nothing that was sampled is rendered and encoded again. One that does not begins a branch.
 */
export class ConversationLog {
  readonly #encoder: ChatEncoder;
  readonly #endText: (turn: TurnTokens) => string;
  readonly #turns: RecordedTurn[] = [];
  readonly #asked = new Map<string, number>();
  readonly #stats = { requests: 0, editedTurns: 0, unkeptTurns: 0 };

  /** @param endText - the token that ended a turn as text; empty where none did */
  constructor(encoder: ChatEncoder, endText: (turn: TurnTokens) => string) {
    this.#encoder = encoder;
    this.#endText = endText;
  }

  /** In the order in which they ended. */
  get turns(): readonly RecordedTurn[] {
    return this.#turns;
  }

  get stats(): LogStats {
    const continued = new Set<RecordedTurn | undefined>();
    let branches = 0;
    for (const { parent } of this.#turns) {
      if (continued.has(parent)) branches++;
      continued.add(parent);
    }
    return { ...this.#stats, branches };
  }

  /** Finds the longest recorded beginning of a conversation and encodes what is new. */
  continue(messages: readonly ChatMessage[], context: ChatContext, forcedIds: readonly number[] = []): Continuation {
    this.#stats.requests++;
    const keys = messages.map(messageKey);
    const contextKey = contextKeyOf(context);
    const parent = this.#longest(keys, contextKey);
    const recorded = parent?.keys.length ?? 0;
    this.#stats.editedTurns += messages.slice(recorded).filter(({ role }) => role === "assistant").length;
    const { inputIds, kept } = this.#encodeNew(parent, messages, context);
    const promptIds = [...(kept === undefined ? [] : idsOf(kept)), ...inputIds, ...forcedIds];
    const name = promptIds.join(",");
    const repeat = this.#asked.get(name) ?? 0;
    this.#asked.set(name, repeat + 1);
    return { parent: kept, promptIds, inputIds: [...inputIds, ...forcedIds], repeat };
  }

  /** Keeps a reply. */
  record(
    { parent, promptIds, inputIds }: Continuation,
    messages: readonly ChatMessage[],
    reply: ChatMessage,
    context: ChatContext,
    turn: TurnTokens,
  ): void {
    const all = [...messages, reply];
    this.#turns.push({
      parent,
      inputIds,
      turn,
      messages: all,
      keys: all.map(messageKey),
      contextKey: contextKeyOf(context),
      length: promptIds.length + turn.tokenIds.length,
    });
  }

  #encodeNew(
    parent: RecordedTurn | undefined,
    messages: readonly ChatMessage[],
    context: ChatContext,
  ): { readonly inputIds: number[]; readonly kept: RecordedTurn | undefined } {
    if (parent !== undefined) {
      const reply = parent.messages.at(-1)!;
      const before = parent.messages.slice(0, -1);
      const suffix = this.#encoder.suffix(before, reply, messages.slice(parent.messages.length), context, this.#endText(parent.turn));
      if (suffix !== undefined) return { inputIds: suffix, kept: parent };
      this.#stats.unkeptTurns += turnsOf(parent).length;
    }
    return { inputIds: this.#encoder.prompt(messages, context), kept: undefined };
  }

  #longest(keys: readonly string[], contextKey: string): RecordedTurn | undefined {
    let best: RecordedTurn | undefined;
    for (const turn of this.#turns) {
      if (turn.contextKey !== contextKey || turn.keys.length >= keys.length || turn.keys.length <= (best?.keys.length ?? 0)) continue;
      if (turn.keys.every((key, i) => key === keys[i])) best = turn;
    }
    return best;
  }
}

function contextKeyOf({ tools, variables }: ChatContext): string {
  return sortedJson([tools, variables]);
}

/** A turn and those before it, first to last. */
export function turnsOf(last: RecordedTurn): RecordedTurn[] {
  const turns: RecordedTurn[] = [];
  for (let turn: RecordedTurn | undefined = last; turn !== undefined; turn = turn.parent) turns.unshift(turn);
  return turns;
}

/** All tokens up to the end of a turn. */
export function idsOf(last: RecordedTurn): number[] {
  return turnsOf(last).flatMap(({ inputIds, turn }) => [...inputIds, ...turn.tokenIds]);
}
