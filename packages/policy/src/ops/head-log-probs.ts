import * as tf from "@tensorflow/tfjs-core";
import { roomForLogits } from "../memory-room.js";
import { gatherRows } from "./embedding.js";
import { isFrozen, linear, linearTransposed, takeAddOuterSum } from "./linear.js";
import { logitsGradient, tokenLogProbs, type TokenLogProbs } from "./token-log-probs.js";

/** Logits that exist at once, 64 MiB of them; where there are more, rows are treated in chunks. */
const MAX_LOGITS = 2 ** 24;

/** Scale of the logits, and the number of them that may exist at once. */
export interface HeadLogProbsOptions {
  readonly temperature: number;
  /** Default: 2²⁴. */
  readonly maxLogits?: number;
  /** Further logits that a gradient may keep from its forward pass. Default: as many as there is room for, see `roomForLogits`. */
  readonly maxKeptLogits?: number;
}

/**
 * {@link tokenLogProbs} of logits = hidden·weightᵀ, in memory that does not grow with targets times vocabulary: when there are more than
 * `maxLogits` logits, chunks of rows follow one another. The backward pass computes a chunk's logits a second time, unless there was room
 * to keep them; the results are the same to the bit. It leaves out rows whose results have no slope.
 *
 * @param hidden - `[targets, width]`
 * @param weight - `[vocab, width]`
 * @param targets - `[targets]`, int32
 */
export function headLogProbs(
  hidden: tf.Tensor2D,
  weight: tf.Tensor2D,
  targets: tf.Tensor1D,
  { temperature, maxLogits = MAX_LOGITS, maxKeptLogits }: HeadLogProbsOptions,
): TokenLogProbs {
  const [rows, width] = hidden.shape;
  const vocab = weight.shape[0];
  if (rows * vocab <= maxLogits) return tokenLogProbs(linearTransposed(hidden, weight), targets, { temperature });
  const size = Math.max(1, Math.floor(maxLogits / vocab));
  const starts = Array.from({ length: Math.ceil(rows / size) }, (_, i) => i * size);
  const frozen = isFrozen(weight);
  const kept = tf.engine().isTapeOn() ? Math.floor((maxKeptLogits ?? roomForLogits()) / (size * vocab)) : 0; // chunks
  const op = tf.customGrad((...args) => {
    const states = args[0] as tf.Tensor;
    const keptLogits: tf.Tensor[] = [];
    const chunks = starts.map((start, chunk) => {
      const [both, logits] = tf.tidy(() => {
        const count = Math.min(size, rows - start);
        const x = linearTransposed(tf.slice(states as tf.Tensor2D, [start, 0], [count, width]), weight); // [count, vocab]
        const { logProbs, entropies } = tokenLogProbs(x, tf.slice(targets, start, count), { temperature });
        return [tf.stack([logProbs, entropies]) as tf.Tensor2D, ...(chunk < kept ? [x] : [])] as const; // [2, count]
      });
      if (logits !== undefined) keptLogits.push(logits);
      return both;
    });
    (args.at(-1) as tf.GradSaveFunc)([states, weight, targets, ...keptLogits]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [savedStates, savedHead, savedTargets] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
      let dWeight = frozen ? undefined : tf.zeros<tf.Rank.R2>([vocab, width]);
      const liveRows = rowsWithSlope(dy, rows);
      const dStates = starts.map((start, chunk) => {
        const count = Math.min(size, rows - start);
        const live = liveRows(start, count);
        if (live.length === 0) return tf.zeros<tf.Rank.R2>([count, width]);
        const isWhole = live.length === count;
        const places = tf.tensor1d(live, "int32");
        const pick = <T extends tf.Tensor>(x: T, axis = 0): T => (isWhole ? tf.clone(x) : tf.gather(x, places, axis));
        const pickRows = (x: tf.Tensor2D) => (isWhole ? tf.clone(x) : gatherRows(x, places));
        const part = tf.tidy(() => pickRows(tf.slice(savedStates, [start, 0], [count, width])));
        const dLogits = tf.tidy(() => {
          const gradients = pick(tf.slice(dy as tf.Tensor2D, [0, start], [2, count]), 1);
          const [dLogProbs, dEntropies] = tf.unstack(gradients) as [tf.Tensor1D, tf.Tensor1D];
          const keptHere = saved[3 + chunk] as tf.Tensor2D | undefined;
          const logits = keptHere === undefined ? linearTransposed(part, savedHead) : pickRows(keptHere); // [live, vocab]
          return logitsGradient(logits, pick(tf.slice(savedTargets, start, count)), dLogProbs, dEntropies, { temperature });
        });
        if (dWeight !== undefined) dWeight = takeAddOuterSum(dWeight, dLogits, part);
        const dPart = linear(dLogits, savedHead); // [live, width]
        const spread = isWhole ? dPart : tf.scatterND<tf.Rank.R2>(tf.expandDims(places, 1), dPart, [count, width]);
        tf.dispose([dLogits, part, places, ...(isWhole ? [] : [dPart])]);
        return spread;
      });
      return dWeight === undefined ? tf.concat(dStates, 0) : [tf.concat(dStates, 0), dWeight];
    };
    return { value: tf.concat(chunks, 1), gradFunc };
  });
  const both = (frozen ? op(hidden) : op(hidden, weight)) as tf.Tensor2D; // [2, targets]
  return {
    logProbs: tf.reshape(tf.slice(both, [0, 0], [1, rows]), [rows]),
    entropies: tf.reshape(tf.slice(both, [1, 0], [1, rows]), [rows]),
  };
}

/**
 * Rows of a chunk that have a slope, counted from its first: those of weight 0, masked or clipped ones have none. On WebGPU they all count:
 * a look at them would wait for the device.
 *
 * @param slopes - `[2, rows]`
 */
function rowsWithSlope(slopes: tf.Tensor, rows: number): (start: number, count: number) => number[] {
  const values = tf.getBackend() === "webgpu" ? undefined : slopes.dataSync();
  const isLive = (row: number): boolean => values === undefined || values[row] !== 0 || values[rows + row] !== 0;
  return (start, count) => Array.from({ length: count }, (_, i) => i).filter((i) => isLive(start + i));
}
