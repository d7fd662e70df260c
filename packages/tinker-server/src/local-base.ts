import { FrozenPolicy, LocalEngine, type LoraModule, type Parameters } from "@retool-ts/policy";
import { engineFiles, loadAdapter } from "@retool-ts/policy/node";
import type { AdapterRequest, SamplingWeights, ServedBase, TrainedModel } from "./served-base.js";
import { TopTokenScorer } from "./sampling/top-token-scorer.js";

/** Options of {@link localBase}. */
export interface LocalBaseOptions extends Pick<
  ServedBase,
  "name" | "tokenizerId" | "vocabSize" | "unusedTokenIds" | "eosTokenIds" | "textStream" | "maxRank"
> {
  /** Default: 2,048, and less for models of millions of parameters, so that a pass does not hold up everything else for long. */
  readonly maxTokensPerPass?: number;
  /** Scale of the adapters times their rank; Tinker's is 32, whatever the rank. */
  readonly alpha?: number;
  readonly gradientCheckpointing?: boolean;
}

const ATTENTION: readonly LoraModule[] = ["q", "k", "v", "o"];
const MLP: readonly LoraModule[] = ["gate", "up", "down"];
/** Every step brings its own. */
const OPTIMIZER = { beta1: 0.9, beta2: 0.95, epsilon: 1e-12, weightDecay: 0, maxGradNorm: Infinity };

/**
 * A model in this process as a base: its weights lie in memory once, and each client's adapter, each saved sampler and the base itself
 * read them there. Borrows the parameters, which must have no adapter of their own and outlive the server.
 */
export function localBase(parameters: Parameters, options: LocalBaseOptions): ServedBase {
  const { config, count } = parameters;
  const { name, alpha = 32, maxTokensPerPass = tokensPerPass(count), gradientCheckpointing = false, ...rest } = options;
  const scoring = new LocalEngine(parameters, { optimizer: OPTIMIZER, maxTokensPerMicroBatch: maxTokensPerPass });
  const { model } = scoring;
  scoring.dispose();

  const createModel = async ({ rank, seed, trainAttention, trainMlp }: AdapterRequest): Promise<TrainedModel> => {
    const adapted = parameters.shareBase();
    const modules = [...(trainAttention ? ATTENTION : []), ...(trainMlp ? MLP : [])];
    adapted.addAdapter({ rank, alpha, dropout: 0, modules, seed });
    const settings = { optimizer: OPTIMIZER, maxTokensPerMicroBatch: maxTokensPerPass, gradientCheckpointing, files: engineFiles };
    const engine = new LocalEngine(adapted, settings);
    const dispose = () => {
      engine.dispose();
      adapted.dispose();
    };
    return { engine, alpha, dispose };
  };

  const openWeights = async (folder?: string): Promise<SamplingWeights> => {
    const shared = parameters.shareBase();
    if (folder !== undefined) await loadAdapter(folder, shared);
    return new LocalWeights(shared, maxTokensPerPass);
  };

  return { name, model, architecture: config.modelType, maxTokensPerPass, ...rest, createModel, openWeights };
}

/** Tokens of a pass of about PASS_FLOP, within bounds. */
function tokensPerPass(parameters: number): number {
  return Math.round(Math.min(2048, Math.max(256, PASS_FLOP / (6 * parameters))));
}

/** Operations of one pass forward and backward: a second or two on WebAssembly. */
const PASS_FLOP = 2e10;

/** Frozen weights that also name the likeliest tokens. Owns the parameters it is given. */
class LocalWeights extends FrozenPolicy implements SamplingWeights {
  readonly #scorer: TopTokenScorer;

  constructor(parameters: Parameters, maxTokensPerMicroBatch: number) {
    super(parameters, { maxTokensPerMicroBatch });
    this.#scorer = new TopTokenScorer(parameters);
  }

  topTokens(tokenIds: readonly number[], k: number) {
    return this.#scorer.score(tokenIds, k);
  }

  override dispose(): void {
    this.#scorer.dispose();
    super.dispose();
  }
}
