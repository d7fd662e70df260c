import { RetoolError } from "@retool-ts/core";
import { microBatches } from "@retool-ts/engine";
import type { ForwardBackwardOutput, TensorData } from "@retool-ts/tinker/wire";
import * as tf from "@tensorflow/tfjs-core";
import type { LossRow } from "../losses/training-rows.js";
import { summedLoss, tokenLossValue, type TinkerLoss } from "../losses/tinker-loss.js";
import type { TrainableEngine } from "../served-base.js";

/** One pass over a batch. */
export interface PassOptions {
  readonly maxTokensPerPass: number;
  /** Runs one part of the work when it is this client's turn. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Stops it between two parts. */
  readonly signal: AbortSignal;
}

/**
 * Adds the gradients of a loss over rows to those that wait for a step, part by part, and tells each target's log-probability.
 *
 * @throws RetoolError when a log-probability or a loss is not finite; gradients may have been added then.
 */
export function forwardBackward(engine: TrainableEngine, rows: readonly LossRow[], loss: TinkerLoss, options: PassOptions) {
  return pass(rows, loss, options, async (part) => {
    const kept: tf.Tensor1D[] = [];
    try {
      await engine.forwardBackward(
        part,
        summedLoss(loss, (logProbs) => kept.push(tf.keep(tf.clone(logProbs)))),
      );
      const values = await Promise.all(kept.map((tensor) => tensor.data()));
      return split(part, values);
    } finally {
      tf.dispose(kept);
    }
  });
}

/** The same numbers without gradients. */
export function forward(engine: Pick<TrainableEngine, "logProbs">, rows: readonly LossRow[], loss: TinkerLoss, options: PassOptions) {
  return pass(rows, loss, options, async (part) => (await engine.logProbs(part)).map((values) => values.subarray(1)));
}

async function pass(
  rows: readonly LossRow[],
  loss: TinkerLoss,
  { maxTokensPerPass, turn, signal }: PassOptions,
  run: (part: readonly LossRow[]) => Promise<Float32Array[]>,
): Promise<ForwardBackwardOutput> {
  const outputs: Record<string, TensorData>[] = [];
  let [total, tokens] = [0, 0];
  for (const part of microBatches(rows, maxTokensPerPass)) {
    const logProbs = await turn(() => {
      signal.throwIfAborted();
      return run(part);
    });
    part.forEach((row, i) => {
      const losses = lossValues(row, logProbs[i]!, loss);
      total += losses.reduce((sum, value) => sum + value, 0);
      tokens += losses.length;
      const shape = [losses.length];
      const elementwise = Float32Array.from(losses);
      outputs.push({
        logprobs: { data: logProbs[i]!, dtype: "float32", shape },
        elementwise_loss: { data: elementwise, dtype: "float32", shape },
      });
    });
  }
  if (!Number.isFinite(total))
    throw new RetoolError("NOT_FINITE", `the loss is ${total}: the ratio of some token overflows, or the weights are spoiled`);
  return {
    type: "forward_backward",
    loss_fn_output_type: "scalar",
    loss_fn_outputs: outputs,
    metrics: { "loss:sum": total, "num_tokens:sum": tokens },
  };
}

/** Losses of a row's targets in double precision. */
function lossValues({ fields }: LossRow, logProbs: Float32Array, loss: TinkerLoss): number[] {
  return Array.from(logProbs, (logProb, i) => {
    const token = { weight: fields.weight[i + 1]!, advantage: fields.advantage[i + 1]!, oldLogProb: fields.oldLogProb[i + 1]! };
    if (!Number.isFinite(logProb)) throw new RetoolError("NOT_FINITE", `a log-probability is ${logProb}: the weights are spoiled`);
    return tokenLossValue(loss, logProb, token);
  });
}

/** Values of all targets in the loss, in order, as an array a row; those out of it have 0. */
function split(rows: readonly LossRow[], batches: readonly ArrayLike<number>[]): Float32Array[] {
  const all = batches.flatMap((values) => Array.from(values));
  let next = 0;
  return rows.map(({ lossMask }) => Float32Array.from(lossMask.subarray(1), (isIn) => (isIn ? all[next++]! : 0)));
}
