import type { ModelConfig } from "../config.js";

/**
 * How one tensor of a Hugging Face checkpoint is stored here: as some columns of a parameter. Projections are `[outputs, inputs]` in the
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
  const { hiddenSize: d, intermediateSize: f, heads, kvHeads, headDim, vocabSize } = config;
  const tensors: CheckpointTensor[] = [];
  const whole = (name: string, parameter: string, shape: readonly number[]) =>
    tensors.push({ name, shape, parameter, column: 0, transposed: false });
  whole("model.embed_tokens.weight", "embed", [vocabSize, d]);
  for (let layer = 0; layer < config.layers; layer++) {
    const [from, to] = [`model.layers.${layer}`, `layers.${layer}`];
    const projection = (name: string, parameter: string, column: number, shape: readonly [outputs: number, inputs: number]) =>
      tensors.push({ name: `${from}.${name}.weight`, shape, parameter: `${to}.${parameter}`, column, transposed: true });
    const bias = (name: string, column: number, size: number, present: boolean) =>
      tensors.push({
        name: `${from}.${name}.bias`,
        shape: [size],
        parameter: present ? `${to}.qkvBias` : undefined,
        column,
        transposed: false,
      });
    const queries = heads * headDim;
    const keys = kvHeads * headDim;
    const parts = [["q_proj", 0, queries], ["k_proj", queries, keys], ["v_proj", queries + keys, keys]] as const; // prettier-ignore
    whole(`${from}.input_layernorm.weight`, `${to}.inputNorm`, [d]);
    for (const [name, column, size] of parts) {
      projection(`self_attn.${name}`, "qkv", column, [size, d]);
      // Qwen2 in transformers has these biases whatever its config says.
      if (config.attentionBias || config.modelType === "qwen2") bias(`self_attn.${name}`, column, size, config.attentionBias);
    }
    if (config.queryKeyNorm) {
      whole(`${from}.self_attn.q_norm.weight`, `${to}.queryNorm`, [headDim]);
      whole(`${from}.self_attn.k_norm.weight`, `${to}.keyNorm`, [headDim]);
    }
    projection("self_attn.o_proj", "output", 0, [d, queries]);
    // In Llama and Qwen3 `attention_bias` also speaks of the output projection, which has no bias here.
    if (config.attentionBias && config.modelType !== "qwen2") bias("self_attn.o_proj", 0, d, false);
    whole(`${from}.post_attention_layernorm.weight`, `${to}.postNorm`, [d]);
    projection("mlp.gate_proj", "gateUp", 0, [f, d]);
    projection("mlp.up_proj", "gateUp", f, [f, d]);
    projection("mlp.down_proj", "down", 0, [d, f]);
  }
  whole("model.norm.weight", "finalNorm", [d]);
  if (!config.tiedEmbeddings) whole("lm_head.weight", "head", [vocabSize, d]);
  return tensors;
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
