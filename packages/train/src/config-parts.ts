import { z } from "zod";

export const positive = z.int().positive();
export const count = z.int().nonnegative();
/** How many rows or rollouts are handled at once; more than these are a slip of the pen and would only use up the memory. */
export const batchCount = positive.max(65_536);
export const fraction = z.number().min(0).max(1);

export const LearningRate = z.strictObject({
  /** Highest learning rate. */
  peak: z.number().positive(),
  kind: z.enum(["constant", "linear", "cosine"]).default("linear"),
  warmupSteps: count.default(0),
  /** Share of the peak that is left at the end. */
  floor: fraction.default(0.1),
  /** Steps until the floor; null = the stage's steps. */
  decaySteps: positive.nullable().default(null),
});

export const Sampling = {
  temperature: z.number().min(0).max(10),
  topP: z.number().positive().max(1),
  /** 0 keeps all tokens. */
  topK: count,
};
