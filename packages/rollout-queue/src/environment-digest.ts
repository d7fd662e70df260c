import { createHash } from "node:crypto";
import type { Environment, SamplingModel } from "@retool-ts/evaluate";

/**
 * Names what trainer and workers must share: settings of tools and dialogue, and the tokenizer's words. Workers of another environment
 * have a queue of another name, so that they do no harm.
 */
export function environmentDigest(
  { identity }: Pick<Environment, "identity">,
  { tokenizer, eosTokenIds, unusedTokenIds = [] }: Pick<SamplingModel, "tokenizer" | "eosTokenIds" | "unusedTokenIds">,
): string {
  const hash = createHash("sha256").update(JSON.stringify([identity ?? "", tokenizer.vocabSize, eosTokenIds, unusedTokenIds]));
  for (let id = 0; id < tokenizer.vocabSize; id++) hash.update(`${tokenizer.idToToken(id) ?? ""}\n`);
  return hash.digest("hex").slice(0, 12);
}
