import type { JournalCall, JournalKey, JournalTokens, KeptTurn, RolloutJournal, TurnPlace } from "./rollout-journal.js";
import { isShareable } from "./tool-cache.js";
import type { ToolOutcome } from "./tool.js";

interface GrowingTurn extends TurnPlace {
  readonly tokenIds: number[];
  readonly logProbs: number[];
  end?: NonNullable<JournalTokens["end"]>;
}

interface GrowingRollout {
  readonly turns: GrowingTurn[];
  readonly calls: Map<number, JournalCall>;
}

/** A journal in memory: outlives an interruption of a batch, and not the process. */
export class MemoryJournal implements RolloutJournal {
  readonly #rollouts = new Map<string, GrowingRollout>();
  readonly #outcomes = new Map<string, ToolOutcome>();

  turn(key: JournalKey, turn: number): KeptTurn | undefined {
    return this.#rollouts.get(nameOf(key))?.turns[turn];
  }

  /** Tokens that do not continue what is kept are left out. */
  addTokens(key: JournalKey, place: TurnPlace, from: number, { tokenIds, logProbs, end }: JournalTokens): void {
    const { turns } = this.#rollout(key);
    if (from === 0) turns.splice(place.turn, turns.length, { ...place, tokenIds: [], logProbs: [] });
    const turn = turns[place.turn];
    if (turn === undefined || turn.end !== undefined || turn.tokenIds.length !== from || turn.digest !== place.digest) return;
    turn.tokenIds.push(...tokenIds);
    turn.logProbs.push(...logProbs);
    if (end !== undefined) turn.end = end;
  }

  outcome(key: JournalKey, { callIndex, tool, input }: Omit<JournalCall, "outcome">, { pure }: { readonly pure: boolean }) {
    const own = this.#rollouts.get(nameOf(key))?.calls.get(callIndex);
    if (own?.tool === tool && own.input === input) return own.outcome;
    return pure ? this.#outcomes.get(callName(tool, input)) : undefined;
  }

  addOutcome(key: JournalKey, call: JournalCall): void {
    this.#rollout(key).calls.set(call.callIndex, call);
    if (isShareable(call.outcome)) this.#outcomes.set(callName(call.tool, call.input), call.outcome);
  }

  #rollout(key: JournalKey): GrowingRollout {
    const name = nameOf(key);
    const rollout = this.#rollouts.get(name) ?? { turns: [], calls: new Map<number, JournalCall>() };
    this.#rollouts.set(name, rollout);
    return rollout;
  }
}

function nameOf({ problemId, sampleIndex }: JournalKey): string {
  return JSON.stringify([problemId, sampleIndex]);
}

function callName(tool: string, input: string): string {
  return JSON.stringify([tool, input]);
}
