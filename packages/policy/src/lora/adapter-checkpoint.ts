import { stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { readJson, writeText } from "../checkpoint/json-file.js";
import type { ParameterSpec } from "../parameter-specs.js";
import type { Parameters } from "../parameters.js";
import { shortName } from "../checkpoint/short-name.js";
import { SafetensorsFile, writeSafetensors } from "../checkpoint/safetensors-file.js";
import { LORA_MODULES, loraPlace, loraSpecs, type LoraModule, type LoraOptions } from "./lora-options.js";

const CONFIG = "adapter_config.json";
/** File of an adapter's matrices in its folder. */
export const ADAPTER_WEIGHTS = "adapter_model.safetensors";

/** The fields of PEFT's file that matter here. Whatever would change the numbers and is not supported must be off. */
const AdapterConfig = z.looseObject({
  peft_type: z.literal("LORA"),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).max(1).default(0),
  target_modules: z.array(z.string()).min(1),
  use_rslora: z.boolean().default(false),
  bias: z.literal("none").default("none"),
  use_dora: z.literal(false).nullish(),
  fan_in_fan_out: z.literal(false).nullish(),
  lora_bias: z.literal(false).nullish(),
  modules_to_save: z.array(z.never()).nullish(),
  layers_to_transform: z.array(z.never()).nullish(),
  rank_pattern: z.record(z.string(), z.never()).nullish(),
  alpha_pattern: z.record(z.string(), z.never()).nullish(),
  /** The other ways, PiSSA for one, begin by changing the base model. */
  init_lora_weights: z.union([z.boolean(), z.enum(["gaussian", "orthogonal", "eva"])]).nullish(),
  layer_replication: z.null().optional(),
  trainable_token_indices: z.null().optional(),
  target_parameters: z.array(z.never()).nullish(),
  alora_invocation_tokens: z.null().optional(),
  use_qalora: z.literal(false).nullish(),
  use_bdlora: z.null().optional(),
  kasa_config: z.null().optional(),
  monteclora_config: z.null().optional(),
  arrow_config: z.null().optional(),
});

/** Contents of an adapter's folder beside its weights. */
export interface SaveAdapterOptions {
  /** The model that the adapter belongs to, as a user would name it: a folder, a GGUF file or a hub id. */
  readonly baseModel?: string;
}

/**
 * Writes the adapter of a model as PEFT does: `adapter_config.json` and `adapter_model.safetensors`, 32-bit floats.
 *
 * @throws InputError when the model has no adapter.
 */
export async function saveAdapter(folder: string, parameters: Parameters, { baseModel }: SaveAdapterOptions = {}): Promise<void> {
  const { lora, config } = parameters;
  if (lora === undefined) {
    const problem = { what: "adapter", where: folder, expected: "a model with an adapter", found: "a model without one" };
    throw new InputError({ ...problem, fix: "save the model itself, or add an adapter first" });
  }
  const tensors = loraSpecs(config, lora).map((spec) => {
    const [rows, columns] = spec.shape as [number, number];
    const values = async () => transposed((await parameters.get(spec.name).data()) as Float32Array, rows, columns);
    return { name: peftName(parameters, spec), shape: [columns, rows], values };
  });
  const peft = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: baseModel ?? null,
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    use_rslora: lora.rankStabilized ?? false,
    target_modules: LORA_MODULES.filter((module) => lora.modules.includes(module)).map((module) => `${module}_proj`),
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
  };
  await writeText(join(folder, CONFIG), `${JSON.stringify(peft, null, 2)}\n`);
  await writeSafetensors(join(folder, ADAPTER_WEIGHTS), tensors, { format: "pt" });
}

/** True for a folder with an adapter in PEFT's format. */
export async function isAdapterFolder(folder: string): Promise<boolean> {
  return stat(join(folder, CONFIG)).then(
    (entry) => entry.isFile(),
    () => false,
  );
}

/** The name of the model that an adapter belongs to, undefined where its folder does not say. */
export async function adapterBaseModel(folder: string): Promise<string | undefined> {
  return (await readAdapterConfig(folder)).base_model_name_or_path ?? undefined;
}

/**
 * Adds the adapter of a folder in PEFT's format to a model; its other weights are frozen.
 *
 * @param seed - of dropout in training that follows
 * @throws InputError when a file is missing or malformed, belongs to another model, or asks for what is not supported (DoRA,
 *   PiSSA, trained biases, tokens or whole modules, other ranks by module); the model is then unchanged.
 */
export async function loadAdapter(folder: string, parameters: Parameters, { seed = 0 }: { readonly seed?: number } = {}): Promise<void> {
  const options: LoraOptions = { ...(await readAdapterOptions(folder)), seed };
  checkLayers((await readAdapterConfig(folder)).target_modules, parameters.config.layers, join(folder, CONFIG));
  const file = await SafetensorsFile.open(join(folder, ADAPTER_WEIGHTS));
  try {
    const values = new Map<string, Float32Array>();
    const wanted = loraSpecs(parameters.config, options);
    const names = new Set(wanted.map((spec) => peftName(parameters, spec)));
    const extra = [...file.header.entries.keys()].find((name) => !names.has(name));
    if (extra !== undefined) {
      const expected = "matrices of the modules that adapter_config.json names, for each layer of this model";
      const found = `tensor ${shortName(extra)}`;
      throw new InputError({
        what: "adapter",
        where: file.path,
        expected,
        found,
        fix: "use the base model that the adapter was trained on",
      });
    }
    for (const spec of wanted) {
      const [rows, columns] = spec.shape as [number, number];
      values.set(spec.name, transposed(await file.read(peftName(parameters, spec), [columns, rows]), columns, rows));
    }
    parameters.addAdapter(options, ({ name }) => values.get(name)!);
  } finally {
    await file.close();
  }
}

/**
 * Options of the adapter in a folder, without its weights.
 *
 * @throws InputError when `adapter_config.json` is missing, malformed or of another kind of adapter.
 */
export async function readAdapterOptions(folder: string): Promise<Omit<LoraOptions, "seed">> {
  const config = await readAdapterConfig(folder);
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    dropout: config.lora_dropout,
    modules: [...new Set(config.target_modules.map((name) => moduleNamed(name, join(folder, CONFIG))))],
    rankStabilized: config.use_rslora,
  };
}

async function readAdapterConfig(folder: string): Promise<z.infer<typeof AdapterConfig>> {
  const path = join(folder, CONFIG);
  const parsed = AdapterConfig.safeParse(await readJson(path));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = `${path}: ${issue!.path.join(".")}`;
  const expected = "a plain LoRA adapter: one rank, no DoRA, no biases and no other trained modules";
  throw new InputError({
    what: "adapter",
    where,
    expected,
    found: issue!.message,
    fix: "merge the adapter with PEFT and load the merged model",
  });
}

/** A module that `target_modules` names by the end of its path or by its whole path, as PEFT writes those of small models. */
function moduleNamed(name: string, where: string): LoraOptions["modules"][number] {
  const [, parent, known] = /^(?:(?:model\.)?(?:layers\.)?\d+\.)?(?:(\w+)\.)?(\w+)_proj$/.exec(name) ?? [];
  const module = LORA_MODULES.find((one) => one === known && [undefined, PARENT[one]].includes(parent));
  if (module !== undefined) return module;
  const expected = `some of ${LORA_MODULES.map((one) => `${one}_proj`).join(", ")}, or their paths`;
  throw new InputError({
    what: "adapter",
    where: `${where}: target_modules`,
    expected,
    found: shortName(name),
    fix: "merge the adapter with PEFT",
  });
}

const PARENT: Readonly<Record<LoraModule, string>> = {
  q: "self_attn",
  k: "self_attn",
  v: "self_attn",
  o: "self_attn",
  gate: "mlp",
  up: "mlp",
  down: "mlp",
};

/** Refuses paths that name some layers and not the others: an adapter here is on all of them. */
function checkLayers(targets: readonly string[], layers: number, where: string): void {
  const named = new Map<string, Set<number>>();
  for (const target of targets) {
    const [, layer, module] = /^(?:model\.)?(?:layers\.)?(\d+)\.(?:\w+\.)?(\w+)$/.exec(target) ?? [];
    if (module === undefined) continue;
    const known = named.get(module) ?? new Set();
    named.set(module, known.add(Number(layer)));
  }
  for (const [module, found] of named) {
    const missing = Array.from({ length: layers }, (_, layer) => layer).find((layer) => !found.has(layer));
    if (targets.includes(module) || (missing === undefined && found.size === layers)) continue;
    const expected = `${module} in all ${layers} layers of this model`;
    const problem = { what: "adapter", where: `${where}: target_modules`, expected, found: `layers ${[...found].join(", ")}` };
    throw new InputError({ ...problem, fix: "use the base model that the adapter was trained on, or merge the adapter with PEFT" });
  }
}

/** `layers.N.q.loraA` as PEFT calls it. */
function peftName({ config }: Parameters, { name }: ParameterSpec): string {
  const [, layer, module, matrix] = name.split(".");
  const known = LORA_MODULES.find((other) => other === module)!;
  const { path } = loraPlace(config, known);
  return `base_model.model.model.layers.${layer}.${path}.${matrix === "loraA" ? "lora_A" : "lora_B"}.weight`;
}

/** Values of `[rows, columns]` as `[columns, rows]`. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  return result;
}
