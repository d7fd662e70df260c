import { createTokenizer, describeTokenizer, type ModelTokenizer } from "@retool-ts/data";
import { LocalEngine, modelFromFiles, modelToFiles, type ModelFiles, type Parameters } from "@retool-ts/policy";

/** Names of the files that a policy is made of. */
export const MODEL_FILES = [
  "config.json",
  "generation_config.json",
  "model.safetensors",
  "tokenizer.json",
  "tokenizer_config.json",
] as const;

/** The quickstart's. */
const OPTIMIZER = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 };
const MAX_TOKENS_PER_MICRO_BATCH = 8_192;

/** A policy ready to sample and learn. */
export interface Policy extends ModelTokenizer {
  readonly engine: LocalEngine;
  readonly parameters: Parameters;
  /** The model's folder as it would be written now. */
  files(): Promise<ModelFiles>;
  dispose(): void;
}

/** Makes a policy of a Hugging Face folder in memory, on what TensorFlow.js now computes with. */
export async function openPolicy(files: ModelFiles): Promise<Policy> {
  const json = (name: string) => JSON.parse(new TextDecoder().decode(files[name])) as Readonly<Record<string, unknown>>;
  const described = describeTokenizer(createTokenizer({ tokenizer: json("tokenizer.json"), config: json("tokenizer_config.json") }));
  const parameters = await modelFromFiles(files);
  const engine = new LocalEngine(parameters, { optimizer: OPTIMIZER, maxTokensPerMicroBatch: MAX_TOKENS_PER_MICRO_BATCH });
  const { eosTokenId, padTokenId } = described.tokenizer;
  return {
    ...described,
    engine,
    parameters,
    async files() {
      const own = await modelToFiles(parameters, { eosTokenId, padTokenId });
      return { ...files, ...own };
    },
    dispose() {
      engine.dispose();
      parameters.dispose();
    },
  };
}
