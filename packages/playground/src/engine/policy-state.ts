import * as tf from "@tensorflow/tfjs-core";
import type { Policy } from "../session/open-policy.js";

/** Weights and optimizer in JavaScript's own memory, where they outlive what computes. */
export interface PolicyState {
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly moments: ReadonlyMap<string, Float32Array>;
  readonly updates: number;
}

/** A policy as it is now. */
export async function readState({ parameters, engine }: Pick<Policy, "parameters" | "engine">): Promise<PolicyState> {
  const weights = parameters.specs.map(({ name }): [string, tf.Tensor] => [name, parameters.get(name)]);
  const [ownWeights, moments] = await Promise.all([valuesOf(weights), valuesOf([...engine.optimizer.state()])]);
  return { weights: ownWeights, moments, updates: engine.optimizer.updates };
}

/** Makes a policy what another was, to the bit. */
export function writeState(
  { parameters, engine }: Pick<Policy, "parameters" | "engine">,
  { weights, moments, updates }: PolicyState,
): void {
  for (const { name, shape } of parameters.specs) {
    const values = tf.tensor(weights.get(name)!, [...shape], "float32");
    parameters.get(name).assign(values);
    values.dispose();
  }
  engine.optimizer.restore(moments, updates);
}

async function valuesOf(tensors: readonly (readonly [string, tf.Tensor])[]): Promise<ReadonlyMap<string, Float32Array>> {
  return new Map(await Promise.all(tensors.map(async ([name, tensor]) => [name, Float32Array.from(await tensor.data())] as const)));
}
