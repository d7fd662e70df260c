import { InputError } from "@retool-ts/core";
import type { ModelConfig } from "../config.js";
import type { ParameterSpec } from "../parameter-specs.js";
import { layerTable } from "../parameter-table.js";

/** Projections of a layer that can have an adapter: queries, keys, values, attention output, and the three of SwiGLU. */
export const LORA_MODULES = ["q", "k", "v", "o", "gate", "up", "down"] as const;
/** One of {@link LORA_MODULES}. */
export type LoraModule = (typeof LORA_MODULES)[number];

/** Low-rank adapters: y = x·W + scale·dropout(x)·A·B, where W stays as it is. */
export interface LoraOptions {
  /** Columns of A and rows of B. */
  readonly rank: number;
  /** The scale is alpha/rank. */
  readonly alpha: number;
  /** Share of the inputs of A that are zeroed in training. */
  readonly dropout: number;
  readonly modules: readonly LoraModule[];
  /** The scale is alpha/√rank instead, see Kalajdzievski (https://arxiv.org/abs/2312.03732). Default: no. */
  readonly rankStabilized?: boolean;
  /** Draws the first values of A, and what dropout zeroes. */
  readonly seed: number;
}

/** Place of a module's product: some columns of a joined parameter. */
export interface LoraPlace {
  /** Last part of the joined parameter's name. */
  readonly parameter: "qkv" | "output" | "gateUp" | "down";
  readonly column: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Name of the module in Hugging Face models, after `model.layers.N.`. */
  readonly path: string;
}

/** Place of a module in each of a model's layers. */
export function loraPlace(config: ModelConfig, module: LoraModule): LoraPlace {
  for (const entry of layerTable(config, 0)) {
    let column = 0;
    for (const { name, shape } of entry.tensors) {
      const [outputs, inputs] = shape as [number, number];
      const [, path] = new RegExp(`^model\\.layers\\.0\\.(\\w+\\.${module}_proj)\\.weight$`).exec(name) ?? [];
      if (path !== undefined)
        return { parameter: entry.name.replace("layers.0.", "") as LoraPlace["parameter"], column, inputs, outputs, path };
      column += outputs;
    }
  }
  throw new Error(`no projection named ${module}`);
}

/** Factor of the product of both matrices. */
export function loraScale({ alpha, rank, rankStabilized = false }: LoraOptions): number {
  return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
}

/** The adapter's parameters, in a fixed order: A `[inputs, rank]` and B `[rank, outputs]` of each module of each layer. */
export function loraSpecs(config: ModelConfig, { rank, modules }: Pick<LoraOptions, "rank" | "modules">): ParameterSpec[] {
  const chosen = LORA_MODULES.filter((module) => modules.includes(module));
  return Array.from({ length: config.layers }, (_, layer) => layer).flatMap((layer) =>
    chosen.flatMap((module): ParameterSpec[] => {
      const { inputs, outputs } = loraPlace(config, module);
      return [
        { name: `layers.${layer}.${module}.loraA`, shape: [inputs, rank], kind: "loraA" },
        { name: `layers.${layer}.${module}.loraB`, shape: [rank, outputs], kind: "loraB" },
      ];
    }),
  );
}

/** @throws InputError when the options make no adapter. */
export function checkLoraOptions({ rank, alpha, dropout, modules }: LoraOptions): void {
  const check = (fine: boolean, where: string, expected: string, found: string) => {
    if (!fine) throw new InputError({ what: "LoRA options", where, expected, found, fix: `change ${where}` });
  };
  check(Number.isInteger(rank) && rank > 0, "rank", "a positive whole number", String(rank));
  check(Number.isFinite(alpha) && alpha > 0, "alpha", "a positive number", String(alpha));
  check(dropout >= 0 && dropout < 1, "dropout", "a share from 0 to below 1", String(dropout));
  const known = modules.length > 0 && modules.every((module, i) => LORA_MODULES.includes(module) && modules.indexOf(module) === i);
  check(known, "modules", `some of ${LORA_MODULES.join(", ")}, each once`, modules.join(", ") || "none");
}
