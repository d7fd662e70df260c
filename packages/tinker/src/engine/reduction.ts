import type { LossSpec, TrainingRow } from "@retool-ts/engine";
import { TinkerUnsupportedError } from "../client/errors.js";
import type { Datum } from "../wire/forward-backward.js";
import type { ServerReduction, ServerSemantics } from "./server-semantics.js";
import { rowDatum, targetsOf } from "./weighted-rows.js";

/** Makes up for what a server divides by, so that the gradient of a step is that of the sum over its tokens. */
export class Reduction {
  readonly #kind: ServerReduction;
  readonly #accumulation: ServerSemantics["accumulation"];
  readonly #filler: Datum;
  #requests = 0;
  /** Sequences that the server is to count in this step, and those that it has counted. */
  #expected: number | undefined;
  #sent = 0;

  constructor({ reduction, accumulation, takesOneToken = true }: Pick<ServerSemantics, "reduction" | "accumulation" | "takesOneToken">) {
    this.#kind = reduction;
    this.#accumulation = accumulation;
    this.#filler = filler(takesOneToken ? 1 : 2);
  }

  /**
   * Factors of a pass, one a row; the rows have targets.
   *
   * @param sizes - numbers of rows in the requests that they will be sent in.
   */
  factors(loss: LossSpec, rows: readonly TrainingRow[], sizes: readonly number[]): readonly number[] {
    const counts = rows.map(targetsOf);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const expected = (this.#expected ??= expectedRows(loss, rows.length, total));
    this.#sent += rows.length;
    switch (this.#kind) {
      case "sum":
        return counts.map(() => 1);
      case "sequence-sum":
        return counts;
      case "datum-mean":
        return counts.map(() => expected);
      case "sequence-mean":
        return counts.map((count) => count * expected);
      case "batch-mean":
        this.#requests += sizes.length;
        if (this.#requests > 1 && this.#accumulation === "mean") {
          throw new TinkerUnsupportedError("forwardBackward: this server averages over the requests of a step; pass all rows of a step at once, in fewer than one request holds"); // prettier-ignore
        }
        return requestTotals(sizes, counts);
    }
  }

  /**
   * Ends a step. The mean of a server that counts sequences is over as many as was taken for granted: sequences that teach nothing fill up.
   *
   * @throws TinkerUnsupportedError when there were more.
   */
  endStep(): Datum[] {
    const missing = (this.#expected ?? 0) - this.#sent;
    const counts = this.#kind === "sequence-mean" || this.#kind === "datum-mean";
    const surplus = counts && missing < 0;
    const fillers = counts && missing > 0 ? Array.from({ length: missing }, () => this.#filler) : [];
    this.forget();
    if (surplus) {
      throw new TinkerUnsupportedError(`optimStep: this server averages over the sequences of a step, which were ${-missing} more than the loss gave to expect; pass all rows of a step at once`); // prettier-ignore
    }
    return fillers;
  }

  forget(): void {
    this.#expected = undefined;
    this.#sent = 0;
    this.#requests = 0;
  }
}

/** Rows of the whole step, or a bound on them. */
function expectedRows(loss: LossSpec, rows: number, targets: number): number {
  if (loss.name !== "cross-entropy") return Math.max(rows, loss.counts.trainedRows);
  return targets >= loss.normalizer ? rows : Math.ceil((1.5 * rows * loss.normalizer) / targets);
}

/** Targets of the request that each row is in. */
function requestTotals(lengths: readonly number[], counts: readonly number[]): number[] {
  let start = 0;
  return lengths.flatMap((length) => {
    const own = counts.slice(start, (start += length));
    const total = own.reduce((sum, count) => sum + count, 0);
    return own.map(() => total);
  });
}

/** Tokens that follow another with an advantage of 0: log-probabilities, and no gradient. */
function filler(targets: number): Datum {
  const zeros = Array.from({ length: targets + 1 }, () => 0);
  return rowDatum({ tokenIds: zeros, lossMask: zeros.map((_, t) => (t === 0 ? 0 : 1)) }, { advantages: zeros, logprobs: zeros });
}
