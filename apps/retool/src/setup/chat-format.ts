import { beginningIds, templateVariables } from "@retool-ts/data";
import type { SamplingModel } from "@retool-ts/evaluate";
import { hermesFormat, xmlFormat, type ChatFormat } from "@retool-ts/serve";
import type { EngineSampler } from "@retool-ts/engine";
import type { Tool } from "@retool-ts/rollout";
import type { RecipeConfig } from "../config/recipe-config.js";
import { tagsOf } from "./dialect-setup.js";
import type { LoadedModel } from "./model-setup.js";
import { chatTemplateFor } from "./prompt.js";

/**
 * The way in which a served model writes conversations: its own chat template, else the tags that it was trained with.
 *
 * @param tools - those that it was trained with; each but the interpreter has a tag of its own
 */
export async function chatFormatFor(
  config: Pick<RecipeConfig, "prompt" | "dialect">,
  { tokenizer, chatTemplate, eosTokenIds }: Pick<LoadedModel, "tokenizer" | "chatTemplate" | "eosTokenIds">,
  tools: readonly Pick<Tool, "name">[],
): Promise<ChatFormat> {
  const template = await chatTemplateFor(config, chatTemplate);
  if (template !== undefined) return hermesFormat(template, { variables: templateVariables(tokenizer.files) });
  const { resultOpen, resultClose } = config.dialect;
  const answerStops = eosTokenIds.every((id) => tokenizer.idToToken(id) === undefined); // as in rollouts
  return xmlFormat({ beginningIds: beginningIds(tokenizer), resultOpen, resultClose, answerStops, toolTags: tagsOf(tools) });
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
