import type * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.js";
import { isTransposed, parameterTable, type ParameterEntry, type ParameterKind } from "./parameter-table.js";

/**
 * Shape of one stored parameter. Projections are stored `[inputs, outputs]`, the transpose of the checkpoint's layout, with
 * query, key and value joined in `qkv` and gate and up joined in `gateUp`.
 */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Matrices get weight decay; vectors (norms, biases) do not. */
  readonly kind: ParameterKind;
}

/** All parameters of a model, in a fixed order. */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  return parameterTable(config)
    .filter(({ stored }) => stored)
    .map((entry) => ({ name: entry.name, shape: joinedShape(entry), kind: entry.kind }));
}

/** The number of weights of a model of this shape. */
export function parameterCount(config: ModelConfig): number {
  return parameterSpecs(config).reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Parameters that an optimizer can change. */
export interface TrainableParameters {
  readonly trainableSpecs: readonly ParameterSpec[];
  /** A parameter by name. Borrowed. */
  get(name: string): tf.Variable;
}

function joinedShape(entry: ParameterEntry): readonly number[] {
  const [first] = entry.tensors;
  if (entry.tensors.length === 1 && !isTransposed(entry)) return first!.shape;
  const columns = entry.tensors.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return isTransposed(entry) ? [first!.shape[1]!, columns] : [columns];
}
