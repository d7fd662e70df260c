import { disposeLayout, packRows, Transformer, type Parameters } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import type { TopTokens } from "../served-base.js";

/** Logits that exist at once. */
const MAX_LOGITS = 2 ** 22;

/** Names the likeliest tokens at each place of a sequence. Borrows the parameters. */
export class TopTokenScorer {
  readonly #model: Transformer;

  constructor(parameters: Parameters) {
    this.#model = new Transformer(parameters);
  }

  /** The `k` likeliest tokens at each place behind the first, with log-probabilities at temperature 1. Ties go to the smaller id. */
  async score(tokenIds: readonly number[], k: number): Promise<TopTokens[]> {
    const places = tokenIds.length - 1;
    if (places < 1) return [];
    const { vocabSize } = this.#model.config;
    const count = Math.min(k, vocabSize);
    const layout = packRows([places]);
    const ids = tf.tensor1d(tokenIds.slice(0, -1), "int32");
    const hidden = this.#model.forward(ids, layout);
    const found: TopTokens[] = [];
    try {
      const step = Math.max(1, Math.floor(MAX_LOGITS / vocabSize));
      for (let start = 0; start < places; start += step) {
        const rows = Math.min(step, places - start);
        const [values, indices] = tf.tidy(() => {
          const logits = this.#model.logits(tf.slice(hidden, [start, 0], [rows, -1])); // [rows, vocab]
          const top = tf.topk(tf.logSoftmax(logits), count);
          return [top.values, top.indices];
        });
        const [logProbs, tokens] = [await values.data(), await indices.data()];
        tf.dispose([values, indices]);
        for (let row = 0; row < rows; row++) {
          found.push(Array.from({ length: count }, (_, j) => [tokens[row * count + j]!, logProbs[row * count + j]!] as const));
        }
      }
      return found;
    } finally {
      tf.dispose([ids, hidden]);
      disposeLayout(layout);
    }
  }

  /** Frees position tables. */
  dispose(): void {
    this.#model.dispose();
  }
}
