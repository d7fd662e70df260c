import type { Datum } from "../wire/forward-backward.js";
import type { TensorData } from "../wire/tensor-data.js";
import { TinkerInputError, TinkerValueError } from "./errors.js";

/**
 * Refuses what servers were seen to take without an error: an empty batch, which never resolves; an id outside the vocabulary, which
 * turns the weights of all tenants into NaN; tensors of other lengths; missing weights, in whose place ones are assumed.
 *
 * @param vocabSize - ids are below it; undefined where nobody knows it.
 */
export function checkBatch(data: readonly Datum[], vocabSize: number | undefined, route: string): void {
  if (data.length === 0) throw new TinkerInputError(`${route}: expected at least one sequence, got none`, { route });
  data.forEach((datum, index) => checkDatum(datum, vocabSize, `${route}: sequence ${index}`));
}

function checkDatum({ model_input, loss_fn_inputs }: Datum, vocabSize: number | undefined, where: string): void {
  const length = model_input.chunks.reduce((sum, { tokens }) => sum + tokens.length, 0);
  if (length === 0) throw new TinkerInputError(`${where}: expected at least one token, got none`);
  for (const { tokens } of model_input.chunks) checkIds(tokens, vocabSize, where);
  const { target_tokens: targets, weights } = loss_fn_inputs;
  if (targets === undefined) throw new TinkerInputError(`${where}: expected target_tokens, got none`);
  if (weights === undefined) throw new TinkerInputError(`${where}: expected weights, got none`);
  checkIds(targets.data, vocabSize, `${where}: target_tokens`);
  for (const [name, { data }] of Object.entries(loss_fn_inputs)) {
    if (data.length !== length) throw new TinkerInputError(`${where}: ${name}: expected ${length} numbers, got ${data.length}`);
    const wrong = firstIndex(data, (value) => !Number.isFinite(value));
    if (wrong >= 0) throw new TinkerInputError(`${where}: ${name}: expected finite numbers, got ${data[wrong]} at ${wrong}`);
  }
}

/** @throws TinkerInputError at an id that the model does not know. */
export function checkIds(ids: ArrayLike<number>, vocabSize = Infinity, where = "tokens"): void {
  const wrong = firstIndex(ids, (id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
  if (wrong < 0) return;
  const range = vocabSize === Infinity ? "from 0" : `from 0 to ${vocabSize - 1}`;
  throw new TinkerInputError(`${where}: expected token ids ${range}, got ${ids[wrong]} at ${wrong}`);
}

/**
 * Log-probabilities of a result: one a token, none NaN, and finite where they are used.
 *
 * @throws TinkerValueError when a server's weights are no longer finite.
 */
export function checkLogProbs(logProbs: TensorData | undefined, { loss_fn_inputs }: Datum, where: string): Float32Array {
  const { target_tokens: targets, weights } = loss_fn_inputs;
  if (logProbs === undefined || logProbs.data.length !== targets!.data.length) {
    throw new TinkerValueError(`${where}: expected ${targets!.data.length} log-probabilities, got ${logProbs?.data.length ?? "none"}`);
  }
  // JSON has null where a number is not finite.
  const values = Float32Array.from(logProbs.data, (value: number | null) => value ?? NaN);
  const wrong = values.findIndex((value, i) => Number.isNaN(value) || (weights!.data[i] !== 0 && !Number.isFinite(value)));
  if (wrong >= 0)
    throw new TinkerValueError(
      `${where}: expected finite log-probabilities, got ${values[wrong]} at ${wrong}: the server's weights are spoiled`,
    );
  return values;
}

function firstIndex(values: ArrayLike<number>, isWrong: (value: number) => boolean): number {
  for (let i = 0; i < values.length; i++) if (isWrong(values[i]!)) return i;
  return -1;
}
