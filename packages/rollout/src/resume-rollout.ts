import type { Sampler, TurnRequest, TurnTokens } from "@retool-ts/engine";
import type { RolloutKey } from "./agent-loop.js";
import type { JournalKey, RolloutJournal, TurnPlace } from "./rollout-journal.js";
import type { Tool } from "./tool.js";

/** Tokens of a turn that are kept at once; a process that is killed loses fewer than these of each rollout. */
const TOKENS_AT_ONCE = 32;

/** A sampler for one rollout that takes from a journal what it holds, goes on from there, and keeps what is new. */
export function journaledSampler(sampler: Sampler, promptIds: readonly number[], key: RolloutKey, journal: RolloutJournal): Sampler {
  let place: TurnPlace = { turn: 0, ...after({ position: 0, digest: DIGEST_START }, promptIds) };
  return {
    maxLength: sampler.maxLength,
    available: sampler.available,
    open: (tokenIds) => sampler.open(tokenIds),
    prefill: (sequences) => sampler.prefill(sequences),
    fork: (other) => sampler.fork(other),
    close: (other) => sampler.close(other),
    extend(sequence, tokenIds) {
      place = { turn: place.turn, ...after(place, tokenIds) };
      sampler.extend(sequence, tokenIds);
    },
    async decode(sequence, request) {
      const result = await keptTurn(sampler, sequence, request, { key, place, journal });
      place = { turn: place.turn + 1, ...after(place, result.tokenIds) };
      return result;
    },
  };
}

interface TurnToKeep {
  readonly key: RolloutKey;
  readonly place: TurnPlace;
  readonly journal: RolloutJournal;
}

async function keptTurn(
  sampler: Sampler,
  sequence: number,
  request: TurnRequest,
  { key, place, journal }: TurnToKeep,
): Promise<TurnTokens> {
  const found = journal.turn(key, place.turn);
  const kept = found?.position === place.position && found.digest === place.digest ? found : undefined;
  const { tokenIds = [], logProbs = [] } = kept ?? {};
  if (kept?.end !== undefined) {
    sampler.extend(sequence, tokenIds);
    return { tokenIds, logProbs, ...kept.end };
  }
  let from = tokenIds.length;
  let pending: { readonly tokenIds: number[]; readonly logProbs: number[] } = { tokenIds: [], logProbs: [] };
  const flush = (end?: Pick<TurnTokens, "finish" | "stopString">) => {
    journal.addTokens(key, place, from, { ...pending, ...(end && { end }) });
    from += pending.tokenIds.length;
    pending = { tokenIds: [], logProbs: [] };
  };
  const { finish, stopString, ...sampled } = await sampler.decode(sequence, {
    ...request,
    ...(from > 0 && { begun: { tokenIds, logProbs } }),
    onToken(tokenId, logProb) {
      request.onToken?.(tokenId, logProb);
      pending.tokenIds.push(tokenId);
      pending.logProbs.push(logProb);
      if (pending.tokenIds.length === TOKENS_AT_ONCE) flush();
    },
  });
  if (finish !== "aborted") flush({ finish, ...(stopString === undefined ? {} : { stopString }) });
  else if (pending.tokenIds.length > 0) flush();
  return { ...sampled, finish, ...(stopString === undefined ? {} : { stopString }) };
}

/**
 * Tools that take results from a journal, and keep new ones. Those with a state run again, since nothing else brings it back; where
 * one then says something else, what was sampled after it is sampled anew.
 */
export function journaledTools(tools: readonly Tool[], journal: RolloutJournal): Tool[] {
  return tools.map((tool): Tool => {
    if (tool.begin !== undefined) return tool;
    return {
      ...tool,
      async call(input, context) {
        const key: JournalKey = { problemId: context.problemId, sampleIndex: context.sampleIndex };
        const call = { callIndex: context.callIndex, tool: tool.name, input: JSON.stringify(input) ?? "" };
        const kept = journal.outcome(key, call, { pure: tool.pure === true });
        if (kept !== undefined) return kept;
        const outcome = await tool.call(input, context);
        if (context.signal?.aborted !== true) journal.addOutcome(key, { ...call, outcome });
        return outcome;
      },
    };
  });
}

const DIGEST_START = 0x811c9dc5;

/** The place behind further tokens; the digest is FNV-1a over whole ids, of 32 bits. */
function after({ position, digest }: Omit<TurnPlace, "turn">, tokenIds: readonly number[]): Omit<TurnPlace, "turn"> {
  let hash = digest;
  for (const id of tokenIds) hash = Math.imul(hash ^ id, 0x01000193) >>> 0;
  return { position: position + tokenIds.length, digest: hash };
}
