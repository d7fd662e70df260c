import { z } from "zod";
import { count, fraction, positive } from "@retool-ts/train";

/** Problems that are left out of a source. */
export const ProblemFilter = z.strictObject({
  minChars: count.default(0).describe("Shortest question that is kept, in characters."),
  maxChars: positive.nullable().default(null).describe("Longest question that is kept, in characters; null = any."),
  success: z
    .strictObject({
      from: z.array(z.string()).min(1).describe("Runs, evaluations, or files of their rollouts, by which difficulty is measured."),
      min: fraction.default(0).describe("Smallest share of right rollouts of a problem that is kept."),
      max: fraction.default(1).describe("Largest."),
      unmeasured: z.enum(["keep", "drop"]).default("keep").describe("What becomes of problems that no rollout is of."),
    })
    .nullable()
    .default(null)
    .describe("Measured difficulty: problems by the share of their recorded rollouts that are right; null = any."),
});
export type ProblemFilter = z.infer<typeof ProblemFilter>;

const filter = ProblemFilter.nullable().default(null).describe("Problems to leave out, by length and measured difficulty; null = none.");

/** Where problems come from. */
export const ProblemSourceConfig = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("generated"),
    families: z
      .array(z.string())
      .min(1)
      .nullable()
      .default(null)
      .describe("Family names, those of plugins too; null = the ten default ones."),
    levelWeights: z
      .tuple([z.number().min(0), z.number().min(0), z.number().min(0)])
      .default([2, 1, 1])
      .describe("How often levels 1, 2 and 3 are drawn."),
    wordings: z
      .enum(["training", "reordered", "newWords"])
      .default("training")
      .describe("Wordings of the questions: those of training, the same words in another order, or with words that training never has."),
    filter,
  }),
  z.strictObject({
    kind: z.literal("file"),
    path: z.string().describe("JSONL, JSON or Parquet; on a hub `hub:owner/name[/path][@revision]`."),
    columns: z
      .strictObject({
        question: z
          .union([z.string(), z.array(z.string())])
          .exactOptional()
          .describe("Columns that hold the question."),
        answer: z.string().exactOptional().describe("Column that holds the answer."),
        family: z.string().exactOptional().describe("Column with the kind of problem."),
        level: z.string().exactOptional().describe("Column with the difficulty."),
      })
      .nullable()
      .default(null)
      .describe("Columns of the parts of a problem; those left out, or all with null, are found by name."),
    limit: positive.nullable().default(null).describe("First problems only; null = all. Of training problems, exact repeats do not count."),
    filter,
  }),
  /** Problems of a plugin. */
  z.strictObject({
    kind: z.literal("plugin"),
    name: z.string().describe("Name of the problems in the plugin."),
    options: z.record(z.string(), z.unknown()).default({}).describe("Handed to the plugin as they are."),
    filter,
  }),
]);
export type ProblemSourceConfig = z.infer<typeof ProblemSourceConfig>;

/** Further sources of training problems. */
export const MixConfig = z
  .array(
    z.strictObject({
      weight: z.number().positive().describe("How often its problems come, where those of `data.train` have the weight 1."),
      source: ProblemSourceConfig,
    }),
  )
  .readonly()
  .default([])
  .describe("Further sources of training problems, each drawn with its weight; none are kept out of them for validation.");

/** Sources by their keys; `test` and null name none of their own. */
interface DataSources {
  readonly train: ProblemSourceConfig;
  readonly mix?: z.infer<typeof MixConfig>;
  readonly validation: ProblemSourceConfig | "test" | null;
  readonly test: ProblemSourceConfig;
}

/** The sources of problems that a run reads, with the keys that name them. */
export function sourcesOf({ train, mix = [], validation, test }: DataSources, { rl }: { readonly rl: boolean }) {
  const sources: { readonly key: string; readonly source: ProblemSourceConfig }[] = [{ key: "data.test", source: test }];
  if (rl && validation !== null && validation !== "test") sources.unshift({ key: "data.validation", source: validation });
  const mixed = mix.map(({ source }, i) => ({ key: `data.mix.${i}.source`, source }));
  if (rl) sources.unshift({ key: "data.train", source: train }, ...mixed);
  return sources;
}
