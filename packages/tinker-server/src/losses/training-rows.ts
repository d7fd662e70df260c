import type { TrainingRow } from "@retool-ts/engine";
import type { Datum, LossInput, ModelInput, TensorData } from "@retool-ts/tinker/wire";
import { refused } from "../request-fault.js";
import type { TinkerLoss } from "./tinker-loss.js";

/** What a base takes. */
export interface RowLimits {
  /** Ids are below it. */
  readonly vocabSize: number;
  readonly maxPositions: number;
}

/** What rows are made for. */
export interface RowPurpose extends RowLimits {
  /** Targets of weight 0 stay out of the loss. */
  readonly weightedOnly?: boolean;
}

/** A datum as a row: inputs and the last target in one sequence, all targets in the loss, or those alone that have a weight. */
export interface LossRow extends TrainingRow {
  readonly tokenIds: Int32Array;
  readonly lossMask: Uint8Array;
  readonly fields: { readonly weight: Float32Array; readonly advantage: Float32Array; readonly oldLogProb: Float32Array };
}

/**
 * A batch as rows. All of it is checked here, so that nothing wrong gets near weights that others share.
 *
 * @throws HttpFault with 400 when the batch is empty, an id is not in the vocabulary, or a tensor is missing, not finite or of another shape.
 */
export function trainingRows({ data }: LossInput, loss: TinkerLoss, purpose: RowPurpose): LossRow[] {
  if (data.length === 0) throw refused("data", "at least one datum", "an empty batch");
  return data.map((datum, index) => lossRow(datum, `data[${index}]`, loss, purpose));
}

/** Ids of a prompt or an input. */
export function inputIds({ chunks }: ModelInput, where: string, { vocabSize }: RowLimits): number[] {
  const ids: number[] = [];
  chunks.forEach(({ tokens }, chunk) => {
    for (let i = 0; i < tokens.length; i++) ids.push(checkedId(tokens[i]!, `${where}.chunks[${chunk}].tokens[${i}]`, vocabSize));
  });
  if (ids.length === 0) throw refused(where, "at least one token", "none");
  return ids;
}

function checkedId(id: number, where: string, vocabSize: number): number {
  if (Number.isInteger(id) && id >= 0 && id < vocabSize) return id;
  throw refused(where, `a token id from 0 to ${vocabSize - 1}`, String(id));
}

function lossRow({ model_input: input, loss_fn_inputs: tensors }: Datum, where: string, loss: TinkerLoss, purpose: RowPurpose): LossRow {
  const inputs = inputIds(input, `${where}.model_input`, purpose);
  const count = inputs.length;
  if (count + 1 > purpose.maxPositions) {
    throw refused(`${where}.model_input`, `at most ${purpose.maxPositions - 1} tokens`, `${count}`);
  }
  const tensor = (name: string, needed: boolean) => numbersOf(tensors[name], `${where}.loss_fn_inputs.${name}`, count, needed);
  const targets = tensor("target_tokens", true)!;
  const tokenIds = Int32Array.from([...inputs, 0]);
  for (let i = 0; i < count; i++) {
    const at = `${where}.loss_fn_inputs.target_tokens[${i}]`;
    const id = checkedId(targets[i]!, at, purpose.vocabSize);
    if (i + 1 < count && id !== inputs[i + 1]) throw refused(at, `the input's next token, ${inputs[i + 1]}`, `${id}`);
  }
  tokenIds[count] = targets[count - 1]!;
  const isPolicy = loss.name !== "cross_entropy";
  const known = ["target_tokens", "weights", ...(isPolicy ? ["advantages", "logprobs"] : [])];
  const stranger = Object.keys(tensors).find((name) => !known.includes(name));
  if (stranger !== undefined) throw refused(`${where}.loss_fn_inputs`, `${known.join(", ")} for ${loss.name}`, stranger.slice(0, 100));
  const weights = tensor("weights", false);
  const weight = weights === undefined ? new Float32Array(count + 1).fill(1) : shifted(weights);
  return {
    tokenIds,
    lossMask: purpose.weightedOnly ? Uint8Array.from(weight, (value) => (value === 0 ? 0 : 1)) : new Uint8Array(count + 1).fill(1),
    fields: {
      weight,
      advantage: isPolicy ? shifted(tensor("advantages", true)!) : new Float32Array(count + 1),
      oldLogProb: isPolicy ? shifted(tensor("logprobs", true)!) : new Float32Array(count + 1),
    },
  };
}

/** Numbers a target, as numbers a token of the row: the first has none before it. */
function shifted(numbers: ArrayLike<number>): Float32Array {
  const result = new Float32Array(numbers.length + 1);
  for (let i = 0; i < numbers.length; i++) result[i + 1] = numbers[i]!;
  return result;
}

function numbersOf(tensor: TensorData | undefined, where: string, count: number, needed: boolean): ArrayLike<number> | undefined {
  if (tensor === undefined) {
    if (needed) throw refused(where, `${count} numbers, one a token of the input`, "none");
    return undefined;
  }
  const { data, shape, sparse_crow_indices: sparse } = tensor;
  if (sparse != null) throw refused(where, "a dense tensor", "a sparse one");
  const dimensions = shape ?? [data.length];
  if (dimensions.length !== 1 || dimensions[0] !== count || data.length !== count) {
    throw refused(where, `the shape [${count}], one number a token of the input`, `[${dimensions.join(", ")}] with ${data.length} numbers`);
  }
  for (let i = 0; i < count; i++) if (!Number.isFinite(data[i])) throw refused(`${where}[${i}]`, "a finite number", String(data[i]));
  return data;
}
