import { InputError } from "@retool-ts/core";
import { checkpointTensors, fromCheckpoint } from "./checkpoint-layout.js";
import type { ModelConfig } from "../config.js";
import { Parameters } from "../parameters.js";
import type { TakePiece } from "./piece-reader.js";
import { shortName } from "./short-name.js";

/** Source of weights: tensors by their names in Hugging Face checkpoints. */
export interface WeightSource {
  readonly config: ModelConfig;
  /** File or folder, for messages. */
  readonly place: string;
  readonly names: readonly string[];
  shapeOf(name: string): readonly number[] | undefined;
  /**
   * Reads a tensor in pieces.
   *
   * @throws InputError when it is missing, malformed or of another shape.
   */
  readPieces(name: string, shape: readonly number[], take: TakePiece): Promise<void>;
  close(): Promise<void>;
}

/**
 * Builds a model out of a source, piece by piece into the memory of its parameters: little more is taken than the model in 32-bit floats.
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
    if (parameter !== undefined && source.shapeOf(name)?.join() !== shape.join()) await source.readPieces(name, shape, () => {});
  }
  return Parameters.load(config, async ({ name, shape }, values) => {
    for (const tensor of tensors.filter(({ parameter }) => parameter === name)) {
      await source.readPieces(tensor.name, tensor.shape, (rows, place) => fromCheckpoint(tensor, rows, place, shape.at(-1)!, values()));
    }
  });
}

function tooManyLayers({ config, place, names }: WeightSource): InputError {
  const found = `a config with ${config.layers} layers and ${names.length} tensors in all`;
  const problem = { what: "checkpoint", where: place, expected: "tensors for every layer of the config", found };
  return new InputError({ ...problem, fix: "use the config.json and weights of one and the same checkpoint" });
}

/** A tensor that this model has no place for may be there when it changes nothing: a bias of zeros. */
async function checkZero(source: WeightSource, name: string): Promise<void> {
  let zeros = name.endsWith(".bias");
  if (zeros) await source.readPieces(name, source.shapeOf(name)!, (piece) => (zeros &&= piece.every((value) => value === 0)));
  if (zeros) return;
  throw new InputError({
    what: "checkpoint",
    where: `${source.place}: tensor ${shortName(name)}`,
    expected: "only tensors of a Qwen2, Qwen3, Llama or Mistral decoder as its config describes it",
    found: "one that this model has no place for",
    fix: "use a checkpoint without it, with adapters merged",
  });
}
