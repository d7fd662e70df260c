import type { ModelConfig } from "../config.js";
import { mergedValues } from "../lora/merge.js";
import { isTransposed, parameterTable } from "../parameter-table.js";
import type { Parameters } from "../parameters.js";

/**
 * Place of one tensor of a Hugging Face checkpoint: some columns of a parameter. Projections are `[outputs, inputs]` in the
 * checkpoint and `[inputs, outputs]` here.
 */
export interface CheckpointTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** The parameter that holds it; undefined for a bias that this model does not have and that must be zero. */
  readonly parameter: string | undefined;
  /** First column in the parameter. */
  readonly column: number;
  readonly transposed: boolean;
}

/** The tensors of a checkpoint that `transformers` loads without complaint. */
export function checkpointTensors(config: ModelConfig): CheckpointTensor[] {
  return parameterTable(config).flatMap((entry) => {
    let column = 0;
    return entry.tensors.map(({ name, shape }): CheckpointTensor => {
      const tensor = { name, shape, parameter: entry.stored ? entry.name : undefined, column, transposed: isTransposed(entry) };
      column += shape[0]!;
      return tensor;
    });
  });
}

/** A tensor to write; its values are fetched when their turn comes. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: () => Promise<Float32Array>;
}

/**
 * The tensors of a checkpoint with these weights.
 *
 * @param adapter - fate of an adapter: added to the weights, or left out
 */
export function tensorsToWrite(parameters: Parameters, adapter: "merge" | "omit"): TensorToWrite[] {
  return checkpointTensors(parameters.config).map((tensor) => ({
    name: tensor.name,
    shape: tensor.shape,
    values: async () => {
      if (tensor.parameter === undefined) return toCheckpoint(tensor, undefined, 0);
      const variable = parameters.get(tensor.parameter);
      const values = await (adapter === "merge" ? mergedValues(parameters, tensor.parameter) : (variable.data() as Promise<Float32Array>));
      return toCheckpoint(tensor, values, variable.shape.at(-1)!);
    },
  }));
}

/**
 * Cuts a checkpoint tensor out of a parameter's values.
 *
 * @param values - of the whole parameter; undefined for a bias that is zero
 * @param width - columns of the parameter
 */
export function toCheckpoint(
  { shape, column, transposed }: CheckpointTensor,
  values: Float32Array | undefined,
  width: number,
): Float32Array {
  if (values === undefined) return new Float32Array(shape[0]!);
  if (!transposed) return values.slice(column, column + shape.reduce((product, size) => product * size, 1));
  const [outputs, inputs] = shape as [number, number];
  const result = new Float32Array(outputs * inputs);
  for (let input = 0; input < inputs; input++) {
    for (let output = 0; output < outputs; output++) result[output * inputs + input] = values[input * width + column + output]!;
  }
  return result;
}

/**
 * Puts rows of a checkpoint tensor into their place in a parameter's values.
 *
 * @param rows - some of the tensor's rows, or numbers where it is a vector
 * @param place - of the first of these numbers in the tensor
 * @param width - columns of the parameter
 */
export function fromCheckpoint(
  { shape, column, transposed }: CheckpointTensor,
  rows: Float32Array,
  place: number,
  width: number,
  values: Float32Array,
): void {
  if (!transposed) {
    values.set(rows, column + place);
    return;
  }
  const inputs = shape[1]!;
  const first = column + place / inputs;
  const outputs = rows.length / inputs;
  for (let input = 0; input < inputs; input++) {
    for (let output = 0; output < outputs; output++) values[input * width + first + output] = rows[output * inputs + input]!;
  }
}
