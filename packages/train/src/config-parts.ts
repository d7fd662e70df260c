import { InputError } from "@retool-ts/core";
import { z } from "zod";

/** A whole number above 0. */
export const positive = z.int().positive();
/** A whole number, 0 included. */
export const count = z.int().nonnegative();
/** Number of rows or rollouts handled at once; a larger one is a slip of the pen and would only use up the memory. */
export const batchCount = positive.max(65_536);
/** A number from 0 to 1. */
export const fraction = z.number().min(0).max(1);

/** A learning rate over the steps of a stage: warm-up, a peak, and a fall to a floor. */
export const LearningRate = z.strictObject({
  /** Highest learning rate. */
  peak: z.number().positive(),
  kind: z.enum(["constant", "linear", "cosine"]).default("linear"),
  warmupSteps: count.default(0),
  /** Fraction of the peak that is left at the end. */
  floor: fraction.default(0.1),
  /** Steps until the floor; null = the stage's steps. */
  decaySteps: positive.nullable().default(null),
});

/** Fields of a schema that draws tokens: temperature, top-p, top-k. */
export const Sampling = {
  temperature: z.number().min(0).max(10),
  topP: z.number().positive().max(1),
  /** 0 keeps all tokens. */
  topK: count,
};

/**
 * A config with its defaults filled in.
 *
 * @throws InputError naming the first setting that is wrong.
 */
export function readConfig<Schema extends z.ZodType>(schema: Schema, input: z.input<Schema>, what: string): z.output<Schema> {
  const config = schema.safeParse(input);
  if (config.success) return config.data;
  const { path, message } = config.error.issues[0]!;
  const where = ["config", ...path].join(".");
  throw new InputError({ what, where, expected: message, found: JSON.stringify(valueAt(input, path)), fix: "correct it" });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value) ?? null;
}
