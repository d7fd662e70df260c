import { z } from "zod";
import { batchCount, fraction, LearningRate, positive } from "../config-parts.js";

/** One stage of supervised training. */
export const SftStage = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  /** Source of the rows. */
  source: z
    .discriminatedUnion("kind", [
      /** Fresh traces of generated problems at every step. */
      z.strictObject({ kind: z.literal("generated") }),
      /** Conversations, in epochs: what `retool data build` or `data convert` writes, or ReTool-SFT as it is. */
      z.strictObject({
        kind: z.literal("file"),
        /** JSONL, JSON or Parquet; on a hub `hub:owner/name[/path][@revision]`. */
        path: z.string(),
        /** Tokens of the longest row, prompt included; a model's own limit stands below it. */
        maxTokens: positive.default(16_384),
        /** Treatment of longer rows. */
        tooLong: z.enum(["refuse", "leave-out"]).default("refuse"),
        /** Treatment of broken conversations, such as a call without a result. Those left out are counted. */
        onBad: z.enum(["refuse", "leave-out"]).default("refuse"),
      }),
    ])
    .prefault({ kind: "generated" }),
  /** Kinds of generated traces. */
  mixture: z.enum(["clean", "imperfect", "textHeavy", "textOnly"]).default("clean"),
  /** Fraction of traces with the shortest snippet for their problem; the other styles share the rest. */
  firstStyleShare: fraction.default(1),
  /** Snippets with the sandbox's own functions, or plain loops in the language alone. */
  snippets: z.enum(["functions", "plain"]).default("functions"),
  /** Most steps. */
  steps: positive,
  batchSize: batchCount,
  learningRate: LearningRate,
  /** Stop when the validation accuracy reaches this; null = run all steps. */
  stopAtAccuracy: fraction.nullable().default(null),
  /** Steps between validations, and the first of them. */
  validateEvery: positive.default(40),
  validateFrom: positive.default(240),
  /** Validation problems; they come from the training side. */
  validationProblems: positive.default(100),
});
/** Parsed {@link SftStage}: every field is present. */
export interface SftStage extends z.infer<typeof SftStage> {}

/** Rows of a file of conversations. */
export type ConversationSource = Extract<SftStage["source"], { kind: "file" }>;

/** Supervised training, stage after stage. */
export const SftConfig = z.strictObject({
  stages: z.array(SftStage).min(1),
  /** Keep a checkpoint every so many steps of a stage, to go on from after a crash. */
  saveEvery: positive.default(250),
  /** Steps of a stage between measurements of the loss on held-out rows, and how many rows; null = never. */
  evalEvery: positive.nullable().default(null),
  evalRows: positive.default(64),
});
/** Parsed {@link SftConfig}: every field is present. */
export interface SftConfig extends z.infer<typeof SftConfig> {}
/** {@link SftConfig} as one writes it: what has a default may be left out. */
export type SftConfigInput = z.input<typeof SftConfig>;
