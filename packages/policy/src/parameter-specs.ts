import type * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.js";

/**
 * Shape of one stored parameter. Projections are stored `[inputs, outputs]`, the transpose of the checkpoint's layout, with
 * query, key and value joined in `qkv` and gate and up joined in `gateUp`.
 */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Matrices get weight decay; vectors (norms, biases) do not. */
  readonly kind: "embedding" | "matrix" | "residualMatrix" | "norm" | "bias" | "loraA" | "loraB";
}

/** All parameters of a model, in a fixed order. */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  const { hiddenSize: d, intermediateSize: f, heads, kvHeads, headDim, vocabSize } = config;
  const width = (heads + 2 * kvHeads) * headDim;
  const specs: ParameterSpec[] = [{ name: "embed", shape: [vocabSize, d], kind: "embedding" }];
  for (let layer = 0; layer < config.layers; layer++) {
    const add = (name: string, shape: readonly number[], kind: ParameterSpec["kind"]) =>
      specs.push({ name: `layers.${layer}.${name}`, shape, kind });
    add("inputNorm", [d], "norm");
    add("qkv", [d, width], "matrix");
    if (config.attentionBias) add("qkvBias", [width], "bias");
    if (config.queryKeyNorm) {
      add("queryNorm", [headDim], "norm");
      add("keyNorm", [headDim], "norm");
    }
    add("output", [heads * headDim, d], "residualMatrix");
    add("postNorm", [d], "norm");
    add("gateUp", [d, 2 * f], "matrix");
    add("down", [f, d], "residualMatrix");
  }
  specs.push({ name: "finalNorm", shape: [d], kind: "norm" });
  if (!config.tiedEmbeddings) specs.push({ name: "head", shape: [vocabSize, d], kind: "embedding" });
  return specs;
}

/** Parameters that an optimizer can change. */
export interface TrainableParameters {
  readonly trainableSpecs: readonly ParameterSpec[];
  /** A parameter by name. Borrowed. */
  get(name: string): tf.Variable;
}
