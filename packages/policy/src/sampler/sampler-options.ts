import { InputError } from "@retool-ts/core";
import type { ModelConfig } from "../config.js";
import type { LocalSamplerOptions } from "./decode-request.js";

/** @throws InputError when the vocabulary or the length exceed what the model has. */
export function checkSamplerOptions(config: ModelConfig, { vocabSize, maxLength }: LocalSamplerOptions): void {
  const check = (where: string, what: string, limit: number, found: number, fix: string) => {
    if (found <= limit) return;
    throw new InputError({ what: "sampler", where, expected: `at most ${limit}, ${what}`, found: String(found), fix });
  };
  check("vocabSize", "the rows of the model's embedding", config.vocabSize, vocabSize, "use the tokenizer that the model was made with");
  check("maxLength", "the model's maxPositions", config.maxPositions, maxLength, "lower maxLength or make the model with more positions");
}
