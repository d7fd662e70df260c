import { z } from "zod";
import type { Tokenizer } from "./tokenizer.js";

const Template = z.looseObject({
  type: z.literal("TemplateProcessing"),
  single: z.array(z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }).optional() })),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.int()) })),
});
const Sequence = z.looseObject({ type: z.literal("Sequence"), processors: z.array(z.unknown()) });

/**
 * Ids that the model expects before a text that no chat template has written, such as the beginning of text: what `add_bos_token` of
 * `tokenizer_config.json` says, else what the post-processor of `tokenizer.json` puts in front.
 */
export function beginningIds({ files, bosTokenId }: Tokenizer): number[] {
  const stated = files.config["add_bos_token"];
  if (typeof stated === "boolean") return stated && bosTokenId !== undefined ? [bosTokenId] : [];
  return idsInFront(files.tokenizer["post_processor"]);
}

function idsInFront(processor: unknown): number[] {
  const sequence = Sequence.safeParse(processor);
  if (sequence.success) return sequence.data.processors.flatMap(idsInFront);
  const template = Template.safeParse(processor);
  if (!template.success) return [];
  const { single, special_tokens: special } = template.data;
  const text = single.findIndex((part) => part.SpecialToken === undefined);
  return single.slice(0, text).flatMap((part) => special[part.SpecialToken!.id]?.ids ?? []);
}
