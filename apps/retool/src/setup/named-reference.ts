import { resolve } from "node:path";
import { InputError } from "@retool-ts/core";
import type { Tokenizer } from "@retool-ts/data";
import { FrozenPolicy } from "@retool-ts/policy";
import { loadAdapter, loadModel } from "@retool-ts/policy/node";
import type { RecipeConfig } from "../config/recipe-config.js";
import { resolveCheckpoint } from "./checkpoint-source.js";
import type { HubContext } from "./hub-files.js";
import { readModelTokenizer } from "./model-files.js";
import { findAdapter, type LoadedModel } from "./model-setup.js";

/**
 * The frozen policy that a config names beside the run's own: a model, an adapter, a checkpoint, or a run, whose newest checkpoint it is.
 * The caller disposes of it.
 *
 * @throws InputError when there is none, or one of another tokenizer.
 */
export async function openNamedReference({ train, optimizer, seed }: RecipeConfig, model: LoadedModel): Promise<FrozenPolicy | undefined> {
  const name = train.kl?.reference ?? null;
  if (name === null) return undefined;
  const path = await resolveCheckpoint(name);
  if (model.base !== null && resolve(path) === resolve(model.base)) {
    return new FrozenPolicy(model.engine.parameters.shareBase(), optimizer);
  }
  checkTokens(name, (await readModelTokenizer(path)).tokenizer, model.tokenizer);
  const { base, adapter } = await findAdapter(path);
  const parameters = await loadModel(base!);
  try {
    if (adapter !== null) await loadAdapter(adapter, parameters, { seed });
    return new FrozenPolicy(parameters, optimizer);
  } catch (error) {
    parameters.dispose();
    throw error;
  }
}

/** @throws InputError when a config names a reference that is not there. */
export async function checkNamedReference({ train }: RecipeConfig, context: HubContext): Promise<void> {
  const name = train.kl?.reference ?? null;
  if (name !== null) await resolveCheckpoint(name, context);
}

/** A reference judges the ids that the policy samples, so that each must be the same token to both. */
function checkTokens(name: string, reference: Tokenizer, policy: Tokenizer): void {
  for (let id = 0; id < policy.vocabSize; id++) {
    const [expected, found] = [policy.idToToken(id), reference.idToToken(id)];
    if (expected === found) continue;
    throw new InputError({
      what: "reference",
      where: `train.kl.reference: ${name}`,
      expected: `the policy's tokenizer, whose id ${id} is ${JSON.stringify(expected ?? null)}`,
      found: JSON.stringify(found ?? null),
      fix: "name a model with the same tokenizer",
    });
  }
}
