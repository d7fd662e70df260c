import type { TurnTokens } from "@retool-ts/engine";
import type { RolloutKey } from "./agent-loop.js";
import type { ToolOutcome } from "./tool.js";

/** What names a rollout in a journal. */
export type JournalKey = Pick<RolloutKey, "problemId" | "sampleIndex">;

/** Where a turn begins: the tokens before it, and a digest of them. What is kept of the turn holds only after these. */
export interface TurnPlace {
  readonly turn: number;
  readonly position: number;
  readonly digest: number;
}

/** Tokens of a turn, a part of them or all. */
export interface JournalTokens {
  readonly tokenIds: readonly number[];
  /** As 32-bit floats. */
  readonly logProbs: readonly number[];
  /** How the turn ended; absent while it has not. */
  readonly end?: Pick<TurnTokens, "finish" | "stopString">;
}

/** A turn as a journal gives it back. */
export interface KeptTurn extends TurnPlace, JournalTokens {}

/** A call of a tool and what came back. */
export interface JournalCall {
  readonly callIndex: number;
  readonly tool: string;
  /** The input as JSON. */
  readonly input: string;
  readonly outcome: ToolOutcome;
}

/**
 * What a batch of rollouts has cost so far, kept where an interruption does not reach it: sampled tokens and results of tools. A batch
 * that begins again with the same journal goes on where it was and ends with the same trajectories. Everything else is computed anew.
 */
export interface RolloutJournal {
  /** A turn of a rollout as far as it was kept, undefined when nothing of it was. */
  turn(key: JournalKey, turn: number): KeptTurn | undefined;
  /** Keeps further tokens of a turn; `from` of them were kept before, and 0 begins it anew. */
  addTokens(key: JournalKey, place: TurnPlace, from: number, tokens: JournalTokens): void;
  /** What a call gave, undefined when it was not kept. A pure tool's result holds for whichever rollout has an equal input, unless it ended by the clock. */
  outcome(key: JournalKey, call: Omit<JournalCall, "outcome">, options: { readonly pure: boolean }): ToolOutcome | undefined;
  addOutcome(key: JournalKey, call: JournalCall): void;
}
