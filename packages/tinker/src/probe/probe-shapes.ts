import { TinkerError } from "../client/errors.js";
import type { TinkerClient } from "../client/tinker-client.js";
import type { Datum } from "../wire/forward-backward.js";
import type { TensorData } from "../wire/tensor-data.js";

/** Shapes and types of what a server takes; undefined where it was not asked, or gave no answer in time. */
export interface ShapeFindings {
  /** A sequence of one token and one target. */
  readonly oneToken: boolean | undefined;
  /** Sequences of different lengths in one request, each with log-probabilities of its own length. */
  readonly mixedLengths: boolean | undefined;
  /** Tokens of a sequence in several chunks. */
  readonly severalChunks: boolean | undefined;
  /** Several targets at each place, `[n, 2]` with as many weights, as distillation from the likeliest tokens has them. */
  readonly severalTargets: boolean | undefined;
  /** Targets as int32 in place of int64. */
  readonly int32Targets: boolean | undefined;
  /** Weights as bfloat16 in place of float32. */
  readonly bfloat16Weights: boolean | undefined;
  /** A sequence without weights. */
  readonly withoutWeights: boolean | undefined;
  /** A sequence of more tokens than the model has places. */
  readonly overlong: boolean | undefined;
}

/** What {@link probeShapes} asks about. */
export interface ShapeProbe {
  readonly baseModel: string;
  readonly rank: number;
  readonly vocabSize: number;
  /** Longest sequence of the model; undefined: nobody knows. */
  readonly maxPositions?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Longest wait for one answer. A server that never gives one is not asked on: what comes behind would wait as well. */
const ANSWER_MS = 120_000;
/** Longest sequence that is sent to see if it is refused: one that is taken costs a pass. */
const MOST_TOKENS = 4_096;

/**
 * Finds out the shapes that a server takes, by passes without gradients over an adapter that nothing else uses. All ids are in the
 * vocabulary and all numbers finite: nothing here can spoil a server.
 */
export async function probeShapes(
  client: TinkerClient,
  { baseModel, rank, vocabSize, maxPositions, signal }: ShapeProbe,
): Promise<ShapeFindings> {
  const lora = { rank, seed: 1, train_attn: true, train_mlp: true, train_unembed: false };
  const model = await client.createModel({ baseModel, lora, ...(signal && { signal }) });
  let sequence = 0;
  let isSilent = false;
  /** Asks for log-probabilities; true when there are as many of each sequence as `expected` says. */
  const takes = async (expected: readonly number[], ...data: readonly Datum[]): Promise<boolean | undefined> => {
    if (isSilent) return undefined;
    const request = {
      model_id: model.id,
      seq_id: ++sequence,
      forward_only: true,
      forward_backward_input: { data, loss_fn: "cross_entropy" },
    };
    try {
      const deadline = AbortSignal.any([AbortSignal.timeout(ANSWER_MS), ...(signal === undefined ? [] : [signal])]);
      const { result } = await client.requests.startPass(request, { signal: deadline, retries: 1 });
      const { loss_fn_outputs: outputs } = await result();
      return outputs.length === data.length && outputs.every((output, i) => output["logprobs"]?.data.length === expected[i]);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof TinkerError && error.code !== "TINKER_TIMEOUT") return false;
      isSilent = true;
      return undefined;
    }
  };
  const ids = (length: number) => Array.from({ length }, (_, i) => (5 + 7 * i) % vocabSize);
  const plain = (length: number) => datumOf(ids(length), ids(length + 1).slice(1));
  const change = (length: number, inputs: Readonly<Record<string, TensorData | undefined>>): Datum => {
    const { model_input, loss_fn_inputs } = plain(length);
    const entries = Object.entries({ ...loss_fn_inputs, ...inputs }).filter(
      (entry): entry is [string, TensorData] => entry[1] !== undefined,
    );
    return { model_input, loss_fn_inputs: Object.fromEntries(entries) };
  };
  try {
    await takes([4], plain(4)); // says how this server takes bodies
    const mixedLengths = await takes([3, 7], plain(3), plain(7));
    const chunks = [2, 2].map((length, i) => ({ type: "encoded_text" as const, tokens: ids(4).slice(2 * i, 2 * i + length) }));
    const severalChunks = await takes([4], { ...plain(4), model_input: { chunks } });
    const int32Targets = await takes([4], change(4, { target_tokens: { data: ids(5).slice(1), dtype: "int32", shape: [4] } }));
    const bfloat16Weights = await takes([4], change(4, { weights: { data: [1, 1, 1, 1], dtype: "bfloat16", shape: [4] } }));
    const withoutWeights = await takes([4], change(4, { weights: undefined }));
    const oneToken = await takes([1], plain(1));
    const isAsked = maxPositions !== undefined && maxPositions < MOST_TOKENS;
    const overlong = isAsked ? await takes([maxPositions + 1], plain(maxPositions + 1)) : undefined;
    // Last: one server was seen to compute it, and to answer every question for the result with a fault of its own.
    const pairs = ids(5)
      .slice(1)
      .flatMap((id) => [id, (id + 1) % vocabSize]);
    const severalTargets = await takes(
      [8],
      change(4, {
        target_tokens: { data: pairs, dtype: "int64", shape: [4, 2] },
        weights: { data: pairs.map(() => 0.5), dtype: "float32", shape: [4, 2] },
      }),
    );
    return { oneToken, mixedLengths, severalChunks, severalTargets, int32Targets, bfloat16Weights, withoutWeights, overlong };
  } finally {
    await model.unload().catch(() => {});
  }
}

function datumOf(tokens: readonly number[], targets: readonly number[]): Datum {
  const shape = [targets.length];
  return {
    model_input: { chunks: [{ type: "encoded_text", tokens }] },
    loss_fn_inputs: {
      target_tokens: { data: targets, dtype: "int64", shape },
      weights: { data: targets.map(() => 1), dtype: "float32", shape },
    },
  };
}
