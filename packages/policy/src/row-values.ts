import { microBatches, type TrainingRow } from "@retool-ts/engine";
import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.js";
import { gatherRows } from "./ops/embedding.js";
import { disposeBatch, packTrainingRows, type PackedBatch } from "./training-batch.js";
import type { TrainingPass, Transformer } from "./transformer.js";

/**
 * One number for each token that enters the loss, computed without gradients in micro-batches.
 *
 * @param score - `[targets]` numbers of a batch
 * @returns one array a row, of the row's length: 0 where the mask is 0
 */
export async function rowValues(
  rows: readonly TrainingRow[],
  maxTokensPerMicroBatch: number,
  score: (batch: PackedBatch) => tf.Tensor1D,
): Promise<Float32Array[]> {
  const results: Float32Array[] = [];
  for (const part of microBatches(rows, maxTokensPerMicroBatch)) {
    const batch = packTrainingRows(part);
    try {
      const tensor = tf.tidy(() => score(batch));
      const values = await tensor.data();
      tensor.dispose();
      const arrays = part.map(({ tokenIds }) => new Float32Array(tokenIds.length));
      batch.places.forEach(({ row, token }, i) => (arrays[row]![token] = values[i]!));
      results.push(...arrays);
    } finally {
      disposeBatch(batch);
    }
  }
  return results;
}

/** Log-probabilities and entropies of a batch's targets; only what the loss needs goes through the head. */
export function scoreTargets(model: Transformer, batch: PackedBatch, temperature: number, training?: TrainingPass) {
  const hidden = model.forward(batch.tokenIds, batch.layout, training);
  return model.logProbs(gatherRows(hidden, batch.sources), batch.targets, { temperature });
}

/**
 * Checks rows before the kernels see them, which trust what they are given.
 *
 * @throws RetoolError when a row is longer than the model's positions or has ids that it does not know.
 */
export function checkRows(rows: readonly TrainingRow[], { vocabSize, maxPositions }: ModelConfig): void {
  rows.forEach(({ tokenIds }, row) => {
    if (tokenIds.length > maxPositions) {
      throw new RetoolError("ROW_TOO_LONG", `rows[${row}]: expected at most ${maxPositions} tokens, got ${tokenIds.length}`);
    }
    for (let i = 0; i < tokenIds.length; i++) {
      const id = tokenIds[i]!;
      if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
      throw new RetoolError("TOKEN_OUT_OF_RANGE", `rows[${row}].tokenIds[${i}]: expected an id from 0 to ${vocabSize - 1}, got ${id}`);
    }
  });
}
