import type { StopStringScanner, TokenAlternative, TurnRequest, TurnTokens } from "@retool-ts/engine";
import type { SampledToken } from "./sampling.js";
import type { Sequence } from "./sequence.js";

/** A decode that is under way: its tokens so far, and the promise that ends with them. */
export class RunningDecode {
  readonly sequence: Sequence;
  readonly request: TurnRequest;
  readonly result: Promise<TurnTokens>;
  readonly #tokenIds: number[] = [];
  readonly #logProbs: number[] = [];
  readonly #alternatives: (readonly TokenAlternative[])[] = [];
  readonly #stops: StopStringScanner | undefined;
  #resolve: (result: TurnTokens) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(sequence: Sequence, request: TurnRequest, stops: StopStringScanner | undefined) {
    this.sequence = sequence;
    this.request = request;
    this.#stops = stops;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Tokens of this decode so far. */
  get tokens(): number {
    return this.#tokenIds.length;
  }

  /** Takes over what the call gave before it was interrupted; true when that ends it. */
  begin(): boolean {
    const { tokenIds = [], logProbs = [] } = this.request.begun ?? {};
    return tokenIds.some((tokenId, i) => this.#add({ tokenId, logProb: logProbs[i]! }));
  }

  /** Takes a new token; true when it ends the decode. */
  push(token: SampledToken): boolean {
    this.request.onToken?.(token.tokenId, token.logProb, token.alternatives);
    return this.#add(token);
  }

  /** Ends the decode. */
  finish(finish: TurnTokens["finish"], stopString?: string): true {
    this.#resolve({
      tokenIds: this.#tokenIds,
      logProbs: this.#logProbs,
      ...((this.request.topLogProbs ?? 0) > 0 && { topLogProbs: this.#alternatives }),
      finish,
      ...(stopString === undefined ? {} : { stopString }),
    });
    return true;
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  #add({ tokenId, logProb, alternatives = [] }: SampledToken): boolean {
    const { sequence, request } = this;
    this.#tokenIds.push(tokenId);
    this.#logProbs.push(logProb);
    this.#alternatives.push(alternatives);
    sequence.pending.push(tokenId);
    const stopString = this.#stops?.push(tokenId);
    return (stopString !== undefined || request.stopTokenIds?.includes(tokenId) === true) && this.finish("stop", stopString);
  }
}
