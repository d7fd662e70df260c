import { TRACE_KINDS } from "@retool-ts/data";
import { z } from "zod";
import { batchCount, fraction, LearningRate, positive, samplingConfig } from "../config-parts.js";

/** One stage of supervised training. */
export const SftStage = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .describe("Name of the stage, of lower-case letters, digits and hyphens; each stage has one of its own."),
  source: z
    .discriminatedUnion("kind", [
      /** Fresh traces of generated problems at every step. */
      z.strictObject({ kind: z.literal("generated") }),
      /** Conversations, in epochs: what `retool data build` or `data convert` writes, or ReTool-SFT as it is. */
      z.strictObject({
        kind: z.literal("file"),
        path: z.string().describe("JSONL, JSON or Parquet; on a hub `hub:owner/name[/path][@revision]`."),
        maxTokens: positive.default(16_384).describe("Tokens of the longest row, prompt included; a model's own limit stands below it."),
        tooLong: z.enum(["refuse", "leave-out"]).default("refuse").describe("Treatment of longer rows."),
        onBad: z
          .enum(["refuse", "leave-out"])
          .default("refuse")
          .describe("Treatment of broken conversations, such as a call without a result. Those left out are counted."),
      }),
      /** Rejection-sampling fine-tuning. */
      z.strictObject({
        kind: z.literal("rollouts"),
        files: z
          .array(z.string())
          .min(1)
          .nullable()
          .default(null)
          .describe("Recorded rollouts, of runs with `log.replay`; null = the policy's own, sampled as the stage begins."),
        problems: positive.default(256).describe("Training problems that are rolled out."),
        samples: positive.default(8).describe("Rollouts per problem."),
        keep: positive
          .default(1)
          .describe("Right rollouts per problem that are learned from: those with the highest score, then the shortest."),
        sampling: samplingConfig({ temperature: 1, topP: 1, topK: 0 }).describe("How tokens are drawn."),
      }),
    ])
    .prefault({ kind: "generated" })
    .describe("Source of the rows."),
  mixture: z
    .union([
      z.enum(["clean", "imperfect", "textHeavy", "textOnly"]),
      z.partialRecord(z.enum(TRACE_KINDS), z.number().min(0)).refine((weights) => Object.values(weights).some((weight) => weight > 0), {
        error: "expected one weight above 0",
      }),
    ])
    .default("clean")
    .describe("Kinds of generated traces: a mixture by name, or weights by kind."),
  firstStyleShare: fraction
    .default(1)
    .describe("Fraction of traces with the shortest snippet for their problem; the other styles share the rest."),
  snippets: z
    .enum(["functions", "plain"])
    .default("functions")
    .describe("Snippets with the sandbox's own functions, or plain loops in the language alone."),
  steps: positive.describe("Most steps."),
  batchSize: batchCount.describe("Rows per step."),
  learningRate: LearningRate.describe("Learning rate over the steps of the stage."),
  stopAtAccuracy: fraction.nullable().default(null).describe("Stop when the validation accuracy reaches this; null = run all steps."),
  validateEvery: positive.default(40).describe("Steps between validations."),
  validateFrom: positive.default(240).describe("Step of the first validation."),
  validationProblems: positive.default(100).describe("Validation problems; they come from the training side."),
});
/** Parsed {@link SftStage}: every field is present. */
export interface SftStage extends z.infer<typeof SftStage> {}

/** Rows of a file of conversations. */
export type ConversationSource = Extract<SftStage["source"], { kind: "file" }>;

/** Rollouts to learn from. */
export type RolloutStageSource = Extract<SftStage["source"], { kind: "rollouts" }>;

/** Supervised training, stage after stage. */
export const SftConfig = z.strictObject({
  stages: z
    .array(SftStage)
    .min(1)
    .superRefine((stages, context) => {
      for (const [index, { name }] of stages.entries()) {
        const first = stages.findIndex((other) => other.name === name);
        if (first < index) context.addIssue({ code: "custom", path: [index, "name"], message: `another name than that of stage ${first}` });
      }
    })
    .describe("Stages, one after the other."),
  saveEvery: positive.default(250).describe("Keep a checkpoint every so many steps of a stage, to go on from after a crash."),
  evalEvery: positive
    .nullable()
    .default(null)
    .describe("Steps of a stage between measurements of the loss on held-out rows; null = never."),
  evalRows: positive.default(64).describe("Held-out rows that the loss is measured on."),
});
/** Parsed {@link SftConfig}: every field is present. */
export interface SftConfig extends z.infer<typeof SftConfig> {}
/** {@link SftConfig} as one writes it: what has a default may be left out. */
export type SftConfigInput = z.input<typeof SftConfig>;
