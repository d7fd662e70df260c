import type { TrainingRow } from "@retool-ts/engine";
import { rowDatum } from "../engine/weighted-rows.js";
import type { Datum } from "../wire/forward-backward.js";

/** Sequences of a probe: a short prompt, and more or fewer targets behind it. */
export class ProbeData {
  readonly #vocabSize: number;
  /** Tokens before the first target. */
  static readonly PROMPT = 4;

  constructor(vocabSize: number) {
    this.#vocabSize = vocabSize;
  }

  /** A prompt and so many targets, of ids that any vocabulary has. */
  row(targets: number, weights: readonly number[] = Array.from({ length: targets }, () => 1)): TrainingRow {
    const length = ProbeData.PROMPT + targets;
    const tokenIds = Array.from({ length }, (_, i) => (5 + 7 * i) % this.#vocabSize);
    return { tokenIds, lossMask: behindPrompt(weights) };
  }

  /** Cross-entropy with a weight for all targets. */
  crossEntropy(targets: number, weight = 1): Datum {
    const row = this.row(targets);
    return rowDatum(row, { weights: row.tokenIds.length === 0 ? [] : Array.from(row.tokenIds, () => weight) });
  }

  /** A policy gradient with given advantages; `logProbs` are where the ratio starts, in the row's places. */
  policy(advantages: readonly number[], logProbs: ArrayLike<number>, weights?: readonly number[]): Datum {
    const row = this.row(advantages.length, weights);
    const whole = behindPrompt(advantages);
    return rowDatum(row, { advantages: whole, logprobs: Array.from(whole, (_, i) => logProbs[i]!) });
  }
}

function behindPrompt(values: readonly number[]): number[] {
  return [...Array.from({ length: ProbeData.PROMPT }, () => 0), ...values];
}
