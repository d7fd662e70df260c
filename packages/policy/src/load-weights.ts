import { InputError } from "@retool-ts/core";
import { checkpointTensors, fromCheckpoint } from "./checkpoint-layout.js";
import type { ModelConfig } from "./config.js";
import { Parameters } from "./parameters.js";

/** Where weights come from: tensors by their names in Hugging Face checkpoints, read one at a time. */
export interface WeightSource {
  readonly config: ModelConfig;
  /** File or folder, for messages. */
  readonly place: string;
  readonly names: readonly string[];
  shapeOf(name: string): readonly number[] | undefined;
  /** @throws InputError when the tensor is missing, malformed or of another shape. */
  read(name: string, shape: readonly number[]): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Builds a model out of a source, one parameter at a time, so that memory stays near the size of the model in 32-bit floats.
 *
 * @returns parameters that the caller disposes of
 * @throws InputError naming the tensor that is missing, of another shape, or that this model has no place for.
 */
export async function loadWeights(source: WeightSource): Promise<Parameters> {
  const { config } = source;
  if (config.layers > source.names.length) throw tooManyLayers(source);
  const tensors = checkpointTensors(config);
  const known = new Set(tensors.filter(({ parameter }) => parameter !== undefined).map(({ name }) => name));
  for (const name of source.names) {
    const unused = name.endsWith(".rotary_emb.inv_freq") || (name === "lm_head.weight" && config.tiedEmbeddings);
    if (!known.has(name) && !unused) await checkZero(source, name);
  }
  // All shapes are looked at before memory is taken, because a config can ask for more than there is.
  for (const { name, shape, parameter } of tensors) {
    if (parameter !== undefined && source.shapeOf(name)?.join() !== shape.join()) await source.read(name, shape);
  }
  return Parameters.load(config, async ({ name, shape }) => {
    const parts = tensors.filter(({ parameter }) => parameter === name);
    const [only] = parts;
    if (parts.length === 1 && !only!.transposed) return source.read(only!.name, only!.shape);
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (const part of parts) fromCheckpoint(part, await source.read(part.name, part.shape), shape.at(-1)!, values);
    return values;
  });
}

function tooManyLayers({ config, place, names }: WeightSource): InputError {
  const found = `a config with ${config.layers} layers and ${names.length} tensors in all`;
  const problem = { what: "checkpoint", where: place, expected: "tensors for every layer of the config", found };
  return new InputError({ ...problem, fix: "use the config.json and weights of one and the same checkpoint" });
}

/** A tensor that this model has no place for may be there when it changes nothing: a bias of zeros. */
async function checkZero(source: WeightSource, name: string): Promise<void> {
  if (name.endsWith(".bias") && (await source.read(name, source.shapeOf(name)!)).every((value) => value === 0)) return;
  throw new InputError({
    what: "checkpoint",
    where: `${source.place}: tensor ${name}`,
    expected: "only tensors of a Qwen2, Qwen3, Llama or Mistral decoder as its config describes it",
    found: "one that this model has no place for",
    fix: "use a checkpoint without it, with adapters merged",
  });
}
