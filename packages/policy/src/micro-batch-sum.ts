import { microBatches, type ForwardBackwardResult, type TrainingRow } from "@retool-ts/engine";
import type { LossNumbers } from "./gradient-accumulator.js";
import { disposeBatch, packTrainingRows, type PackedBatch } from "./training-batch.js";

/** Calls and signals between micro-batches. */
export interface MicroBatchOptions {
  /** Called after each micro-batch. */
  readonly onMicroBatch?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs a loss over rows, micro-batch by micro-batch, and adds up what it gives. Micro-batches without a target are left out.
 *
 * @param run - gets a batch, which it borrows, and the number of its first row
 */
export async function sumMicroBatches(
  rows: readonly TrainingRow[],
  maxTokens: number,
  run: (batch: PackedBatch, firstRow: number) => Promise<LossNumbers>,
  { onMicroBatch, signal }: MicroBatchOptions = {},
): Promise<ForwardBackwardResult> {
  const parts = microBatches(rows, maxTokens);
  const metrics: Record<string, number> = {};
  let [loss, targets, firstRow] = [0, 0, 0];
  for (const [i, part] of parts.entries()) {
    signal?.throwIfAborted();
    const batch = packTrainingRows(part);
    try {
      if (batch.places.length > 0) {
        const result = await run(batch, firstRow);
        loss += result.loss;
        targets += batch.places.length;
        for (const [name, value] of Object.entries(result.metrics)) metrics[name] = (metrics[name] ?? 0) + value;
      }
    } finally {
      disposeBatch(batch);
    }
    firstRow += part.length;
    onMicroBatch?.(i + 1, parts.length);
  }
  return { loss, metrics, targets };
}
