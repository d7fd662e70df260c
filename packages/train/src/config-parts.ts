import { InputErrors } from "@retool-ts/core";
import { z } from "zod";
import { configMistakes } from "./config-mistakes.js";

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
  peak: z.number().positive().describe("Highest learning rate."),
  kind: z.enum(["constant", "linear", "cosine"]).default("linear").describe("How it falls after the warm-up."),
  warmupSteps: count.default(0).describe("Steps in which it rises from 0."),
  floor: fraction.default(0.1).describe("Fraction of the peak that is left at the end."),
  decaySteps: positive.nullable().default(null).describe("Steps until the floor; null = the stage's steps."),
});

/** Defaults of {@link samplingConfig}. */
export interface SamplingDefaults {
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
}

/** A schema of how tokens are drawn; each key may be left out. */
export function samplingConfig({ temperature, topP, topK }: SamplingDefaults) {
  return z
    .strictObject({
      temperature: z.number().min(0).max(10).default(temperature).describe("Temperature; 0 takes the most likely token."),
      topP: z.number().positive().max(1).default(topP).describe("Probability of the nucleus that is drawn from; 1 = all tokens."),
      topK: count.default(topK).describe("Number of most likely tokens that are drawn from; 0 = all."),
      minP: fraction
        .default(0)
        .describe("Least probability of a token that is drawn, as a share of the likeliest one's, after top-k and top-p; 0 = all."),
    })
    .prefault({});
}

/**
 * A config with its defaults filled in.
 *
 * @throws InputError naming the settings that are wrong, all of them.
 */
export function readConfig<Schema extends z.ZodType>(schema: Schema, input: z.input<Schema>, what: string): z.output<Schema> {
  const config = schema.safeParse(input);
  if (config.success) return config.data;
  const problems = configMistakes(config.error.issues, input).map(({ path, isUnknownKey, expected, found }) => ({
    what,
    where: ["config", ...path].join("."),
    expected,
    found: isUnknownKey ? `the unknown key ${found}` : found,
    fix: isUnknownKey ? "correct or remove the key" : "correct it",
  }));
  throw new InputErrors(problems);
}
