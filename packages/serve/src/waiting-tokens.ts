import type { TokenAlternative } from "@retool-ts/engine";
import type { ScoredTokens } from "./openai-replies.js";

/** Tokens of a streamed choice that no event has told yet: some have no text of their own, or one that is kept back. */
export class WaitingTokens {
  #tokens = none();

  push(tokenId: number, logProb: number, alternatives: readonly TokenAlternative[] = []): void {
    this.#tokens.tokenIds.push(tokenId);
    this.#tokens.logProbs.push(logProb);
    this.#tokens.topLogProbs.push(alternatives);
  }

  /** Those that came since it was last asked. */
  take(): ScoredTokens {
    const taken = this.#tokens;
    this.#tokens = none();
    return taken;
  }
}

function none(): { readonly tokenIds: number[]; readonly logProbs: number[]; readonly topLogProbs: (readonly TokenAlternative[])[] } {
  return { tokenIds: [], logProbs: [], topLogProbs: [] };
}
