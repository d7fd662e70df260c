import { beginningIds, templateVariables } from "@retool-ts/data";
import type { SamplingModel } from "@retool-ts/evaluate";
import { hermesFormat, xmlFormat, type ChatFormat } from "@retool-ts/serve";
import type { EngineSampler } from "@retool-ts/engine";
import type { Tool } from "@retool-ts/rollout";
import type { RecipeConfig } from "../config/recipe-config.js";
import { endBehindTags, tagsOf } from "./dialect-setup.js";
import type { LoadedModel } from "./model-setup.js";
import { chatTemplateFor } from "./prompt.js";

/**
 * The way in which a served model writes conversations: its own chat template with Hermes' calls, or the tags that it was trained with, in
 * its template where it has one.
 *
 * @param tools - those that it was trained with; each but the interpreter has a tag of its own
 * @param calls - the config's dialect, or always Hermes' where there is a template
 */
export async function chatFormatFor(
  config: Pick<RecipeConfig, "prompt" | "dialect">,
  { tokenizer, chatTemplate, eosTokenIds }: Pick<LoadedModel, "tokenizer" | "chatTemplate" | "eosTokenIds">,
  tools: readonly Pick<Tool, "name">[],
  calls: "trained" | "template" = "template",
): Promise<ChatFormat> {
  const template = await chatTemplateFor(config, chatTemplate);
  const { name, resultOpen, resultClose } = config.dialect;
  const variables = templateVariables(tokenizer.files);
  if (template !== undefined && (name === "hermes" || calls === "template")) return hermesFormat(template, { variables });
  const endOfTurn = endBehindTags(template, { tokenizer, eosTokenIds });
  const tags = { resultOpen, resultClose, answerStops: endOfTurn === "", toolTags: tagsOf(tools).toolTags };
  return template === undefined
    ? xmlFormat({ ...tags, beginningIds: beginningIds(tokenizer) })
    : xmlFormat({ ...tags, variables, template }); // which writes the beginning itself
}

/** Bounds of a sampler that serves. */
export interface ServingLimits {
  /** Sequences open at once; fewer where the memory for keys and values holds fewer. */
  readonly maxSequences: number;
  readonly kvCacheBytes: number;
}

/** A sampler whose sequences may be as long as the model allows. */
export function openServingSampler(
  { engine, tokenizer, unusedTokenIds }: SamplingModel,
  { maxSequences, kvCacheBytes }: ServingLimits,
): Promise<EngineSampler> {
  const { maxPositions, cacheBytesPerToken } = engine.model;
  const fitting = cacheBytesPerToken === 0 ? maxSequences : Math.floor(kvCacheBytes / (cacheBytesPerToken * maxPositions));
  return engine.sampler({
    maxSequences: Math.max(1, Math.min(maxSequences, fitting)),
    maxLength: maxPositions,
    vocabSize: tokenizer.vocabSize,
    ...(unusedTokenIds && { unusedTokenIds }),
    textStream: () => tokenizer.streamDecoder(),
  });
}
