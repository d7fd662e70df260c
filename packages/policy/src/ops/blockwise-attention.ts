import * as tf from "@tensorflow/tfjs-core";
import { attentionMask } from "./attention-mask.js";
import type { HeadShape } from "./heads.js";
import type { PackedLayout } from "./packed.js";

/** Scores of a block of queries, all heads together, 64 MiB of them. */
const SCORES_AT_ONCE = 2 ** 24;

/**
 * Causal grouped-query attention in tfjs operations, for long rows: queries go through in blocks, and the backward pass computes each
 * block's probabilities again, so that memory grows with the length of a row and not with its square.
 *
 * See Rabe and Staats, "Self-attention Does Not Need O(n²) Memory" (https://arxiv.org/abs/2112.05682), and Dao et al.,
 * "FlashAttention" (https://arxiv.org/abs/2205.14135), section 3.1, for the gradients.
 *
 * @param qkv - `[tokens, (heads + 2·kvHeads)·headDim]`, already rotated
 * @returns `[tokens, heads·headDim]`
 */
export function blockwiseAttention(
  qkv: tf.Tensor2D,
  layout: PackedLayout,
  heads: HeadShape,
  { scoresAtOnce = SCORES_AT_ONCE }: { readonly scoresAtOnce?: number } = {},
): tf.Tensor2D {
  const shape: BlockShape = { ...heads, scoresAtOnce };
  const op = tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor]);
    return {
      value: overRows(layout, (start, length) => rowForward(tf.slice(x as tf.Tensor2D, [start, 0], [length, -1]), shape)),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) =>
        overRows(layout, (start, length) =>
          rowBackward(
            tf.slice(saved as tf.Tensor2D, [start, 0], [length, -1]),
            tf.slice(dy as tf.Tensor2D, [start, 0], [length, -1]),
            shape,
          ),
        ),
    };
  });
  return op(qkv) as tf.Tensor2D;
}

interface BlockShape extends HeadShape {
  readonly scoresAtOnce: number;
}

function overRows({ rows, rowOffsets }: PackedLayout, ofRow: (start: number, length: number) => tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const parts = Array.from({ length: rows }, (_, row) => {
      const start = rowOffsets[row]!;
      return tf.tidy(() => ofRow(start, rowOffsets[row + 1]! - start));
    });
    return parts.length === 1 ? parts[0]! : tf.concat(parts);
  });
}

function rowForward(qkv: tf.Tensor2D, shape: BlockShape): tf.Tensor2D {
  const row = splitHeads(qkv, shape);
  const outputs = blocksOf(row.length, shape).map((block) =>
    tf.tidy(() => tf.matMul(probabilitiesOf(row, block, shape), keysOf(row.values, block))),
  ); // [kvHeads, group·block, headDim] each
  return joinQueries(outputs, shape);
}

/** Gradient of the whole `[length, (heads + 2·kvHeads)·headDim]` row. */
function rowBackward(qkv: tf.Tensor2D, dy: tf.Tensor2D, shape: BlockShape): tf.Tensor2D {
  const { heads, kvHeads, headDim } = shape;
  const row = splitHeads(qkv, shape);
  const { length } = row;
  const scale = 1 / Math.sqrt(headDim);
  const dQueries: tf.Tensor3D[] = [];
  let dKeys: tf.Tensor3D = tf.zeros([kvHeads, length, headDim]);
  let dValues: tf.Tensor3D = tf.zeros([kvHeads, length, headDim]);
  const upstream = tf.transpose(tf.reshape(dy, [length, kvHeads, heads / kvHeads, headDim]), [1, 2, 0, 3]) as tf.Tensor4D;
  for (const block of blocksOf(length, shape)) {
    const { from, begin, end } = block;
    const [dQuery, keyGrad, valueGrad] = tf.tidy(() => {
      const p = probabilitiesOf(row, block, shape);
      const dOut = queriesOf(upstream, block);
      const dP = tf.matMul(dOut, keysOf(row.values, block), false, true);
      const dScores = tf.mul(p, tf.sub(dP, tf.sum(tf.mul(dP, p), -1, true)));
      const place = (part: tf.Tensor) => tf.pad(part, [[0, 0], [from, length - end], [0, 0]]); // prettier-ignore
      return [
        tf.mul(tf.matMul(dScores, keysOf(row.keys, block)), scale),
        place(tf.mul(tf.matMul(dScores, queriesOf(row.queries, { begin, end }), true, false), scale)),
        place(tf.matMul(p, dOut, true, false)),
      ] as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    });
    dQueries.push(dQuery);
    dKeys = addInPlaceOf(dKeys, keyGrad);
    dValues = addInPlaceOf(dValues, valueGrad);
  }
  const flat = (x: tf.Tensor3D) => tf.reshape(tf.transpose(x, [1, 0, 2]), [length, kvHeads * headDim]);
  return tf.concat([joinQueries(dQueries, shape), flat(dKeys), flat(dValues)], 1) as tf.Tensor2D;
}

/** A sum that frees both of its terms. */
function addInPlaceOf(sum: tf.Tensor3D, term: tf.Tensor3D): tf.Tensor3D {
  const next = tf.add(sum, term) as tf.Tensor3D;
  tf.dispose([sum, term]);
  return next;
}

interface Row {
  readonly length: number;
  /** `[kvHeads, group, length, headDim]` */
  readonly queries: tf.Tensor4D;
  /** `[kvHeads, length, headDim]` each */
  readonly keys: tf.Tensor3D;
  readonly values: tf.Tensor3D;
}

function splitHeads(qkv: tf.Tensor2D, { heads, kvHeads, headDim }: HeadShape): Row {
  const length = qkv.shape[0];
  const part = (first: number, count: number) =>
    tf.reshape(tf.slice(qkv, [0, first * headDim], [length, count * headDim]), [length, count, headDim]);
  const grouped = tf.reshape(part(0, heads), [length, kvHeads, heads / kvHeads, headDim]);
  return {
    length,
    queries: tf.transpose(grouped, [1, 2, 0, 3]) as tf.Tensor4D,
    keys: tf.transpose(part(heads, kvHeads), [1, 0, 2]) as tf.Tensor3D,
    values: tf.transpose(part(heads + kvHeads, kvHeads), [1, 0, 2]) as tf.Tensor3D,
  };
}

/** Queries `begin` to `end`, and the first key that any of them may see. */
interface Block {
  readonly from: number;
  readonly begin: number;
  readonly end: number;
}

function blocksOf(length: number, { heads, window = 0, scoresAtOnce }: BlockShape): Block[] {
  const size = Math.max(1, Math.floor(scoresAtOnce / (heads * length)));
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => {
    const begin = i * size;
    return { from: window > 0 ? Math.max(0, begin - window + 1) : 0, begin, end: Math.min(length, begin + size) };
  });
}

function queriesOf(x: tf.Tensor4D, { begin, end }: Pick<Block, "begin" | "end">): tf.Tensor3D {
  const [kvHeads, group, , headDim] = x.shape;
  return tf.reshape(tf.slice(x, [0, 0, begin, 0], [kvHeads, group, end - begin, headDim]), [kvHeads, group * (end - begin), headDim]);
}

function keysOf(x: tf.Tensor3D, { from, end }: Block): tf.Tensor3D {
  return tf.slice(x, [0, from, 0], [x.shape[0], end - from, x.shape[2]]);
}

/** `[kvHeads, group·block, keys]` */
function probabilitiesOf({ queries, keys }: Row, block: Block, shape: HeadShape): tf.Tensor3D {
  const { from, begin, end } = block;
  const [kvHeads, group, , headDim] = queries.shape;
  const [count, past] = [end - begin, begin - from];
  return tf.tidy(() => {
    const scores = tf.matMul(tf.mul(queriesOf(queries, block), 1 / Math.sqrt(headDim)), keysOf(keys, block), false, true);
    const byQuery = tf.reshape(scores, [kvHeads, group, count, past + count]);
    return tf.reshape(tf.softmax(tf.add(byQuery, hiddenIn(count, past, shape))), [kvHeads, group * count, past + count]);
  });
}

/** The mask of a block. Without a window all that came before it is seen, and only the block itself needs one. */
function hiddenIn(count: number, past: number, shape: HeadShape): tf.Tensor2D {
  if ((shape.window ?? 0) > 0) return attentionMask(count, past, shape);
  return tf.pad(attentionMask(count, 0, shape), [[0, 0], [past, 0]]); // prettier-ignore
}

/** Blocks of queries side by side again: `[length, heads·headDim]`. */
function joinQueries(blocks: readonly tf.Tensor[], { heads, kvHeads, headDim }: HeadShape): tf.Tensor2D {
  const parts = blocks.map((block) => tf.reshape(block, [kvHeads, heads / kvHeads, -1, headDim]));
  const joined = parts.length === 1 ? parts[0]! : tf.concat(parts, 2);
  return tf.reshape(tf.transpose(joined, [2, 0, 1, 3]), [-1, heads * headDim]);
}
