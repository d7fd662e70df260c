import { InputError } from "@retool-ts/core";
import { z } from "zod";

/**
 * Stretch of the angles of rotary embedding beyond the length a model was first trained on:
 * `linear` (https://arxiv.org/abs/2306.15595), `llama3` (https://arxiv.org/abs/2407.21783) or `yarn` (https://arxiv.org/abs/2309.00071).
 */
export type RopeScaling =
  | { readonly type: "linear"; readonly factor: number }
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Longest sequence of the first training, in tokens. */
      readonly originalMaxPositions: number;
    }
  | {
      readonly type: "yarn";
      readonly factor: number;
      /** Turns within the original length above which a pair keeps its angle, and below which it is stretched in full. */
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly originalMaxPositions: number;
      /** Multiplies cosines and sines, and so the attention scores by its square. */
      readonly attentionFactor: number;
      /** Round the bounds of the ramp to whole dimensions. */
      readonly truncate: boolean;
    };

const positive = z.number().positive();

/** `rope_scaling`, or `rope_parameters` of transformers 5, once their kind is known. */
const RopeFields = z.discriminatedUnion("rope_type", [
  z.looseObject({ rope_type: z.literal("default") }),
  z.looseObject({ rope_type: z.literal("linear"), factor: positive }),
  z.looseObject({
    rope_type: z.literal("llama3"),
    factor: positive,
    low_freq_factor: positive,
    high_freq_factor: positive,
    original_max_position_embeddings: positive.optional(),
  }),
  z.looseObject({
    rope_type: z.literal("yarn"),
    factor: positive.nullish(),
    beta_fast: positive.nullish(),
    beta_slow: positive.nullish(),
    attention_factor: positive.nullish(),
    mscale: z.number().nullish(),
    mscale_all_dim: z.number().nullish(),
    original_max_position_embeddings: positive.optional(),
    truncate: z.boolean().optional(),
  }),
]);

const RopeKind = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  partial_rotary_factor: z.number().optional(),
});

/**
 * Reads `rope_scaling` or `rope_parameters` of a `config.json`.
 *
 * @param maxPositions - `max_position_embeddings`, the original length where none is given
 * @param where - file and field, for messages
 * @returns undefined for angles that are not scaled
 * @throws InputError for a kind that this model does not have, or fields that are missing or wrong.
 */
export function parseRopeScaling(json: unknown, maxPositions: number, where: string): RopeScaling | undefined {
  const kind = RopeKind.safeParse(json);
  if (!kind.success) throw refused(where, "an object", kind.error.issues[0]!.message);
  const { type, partial_rotary_factor: part = 1 } = kind.data;
  if (part !== 1) throw refused(`${where}.partial_rotary_factor`, "1", String(part));
  const named = { ...kind.data, rope_type: kind.data.rope_type ?? type ?? "default" };
  const parsed = RopeFields.safeParse(named);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    if (issue.path[0] === "rope_type") throw refused(`${where}.rope_type`, "default, linear, llama3 or yarn", named.rope_type);
    throw refused(`${where}.${issue.path.join(".")}`, `what ${named.rope_type} needs`, issue.message);
  }
  const fields = parsed.data;
  switch (fields.rope_type) {
    case "default":
      return undefined;
    case "linear":
      return { type: "linear", factor: fields.factor };
    case "llama3":
      return {
        type: "llama3",
        factor: fields.factor,
        lowFrequencyFactor: fields.low_freq_factor,
        highFrequencyFactor: fields.high_freq_factor,
        originalMaxPositions: fields.original_max_position_embeddings ?? maxPositions,
      };
    case "yarn": {
      const originalMaxPositions = fields.original_max_position_embeddings ?? maxPositions;
      const factor = fields.factor ?? maxPositions / originalMaxPositions;
      const { mscale, mscale_all_dim: allDimensions } = fields;
      const usual =
        mscale && allDimensions ? yarnTemperature(factor, mscale) / yarnTemperature(factor, allDimensions) : yarnTemperature(factor);
      return {
        type: "yarn",
        factor,
        betaFast: fields.beta_fast ?? 32,
        betaSlow: fields.beta_slow ?? 1,
        originalMaxPositions,
        attentionFactor: fields.attention_factor ?? usual,
        truncate: fields.truncate ?? true,
      };
    }
  }
}

/** The `rope_scaling` that `transformers` and vLLM read. */
export function ropeScalingToHuggingFace(scaling: RopeScaling): Record<string, unknown> {
  switch (scaling.type) {
    case "linear":
      return { rope_type: "linear", factor: scaling.factor };
    case "llama3":
      return {
        rope_type: "llama3",
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalMaxPositions,
      };
    case "yarn":
      return {
        rope_type: "yarn",
        factor: scaling.factor,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        attention_factor: scaling.attentionFactor,
        original_max_position_embeddings: scaling.originalMaxPositions,
        truncate: scaling.truncate,
      };
  }
}

/** YaRN, section 3.4: 0.1·ln(s) + 1. */
function yarnTemperature(factor: number, weight = 1): number {
  return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
}

function refused(where: string, expected: string, found: string): InputError {
  return new InputError({
    what: "model config",
    where,
    expected,
    found,
    fix: "use a checkpoint whose positions are scaled in one of these ways",
  });
}
