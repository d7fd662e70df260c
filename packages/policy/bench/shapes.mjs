// The models whose speed is measured, and how much work each does; policy_peer.py gets them as an argument.
const shared = { queryKeyNorm: false, tiedEmbeddings: true };

/** A model's config and its work, by name. */
export const SHAPES = {
  tiny: {
    config: {
      ...shared,
      modelType: "qwen2",
      vocabSize: 512,
      hiddenSize: 128,
      intermediateSize: 352,
      layers: 4,
      heads: 4,
      kvHeads: 2,
      headDim: 32,
      maxPositions: 1024,
      rmsNormEpsilon: 1e-6,
      ropeTheta: 10_000,
      attentionBias: true,
    },
    work: { prefillRows: 16, prefillLength: 128, promptLength: 32, newTokens: 64, trainRows: 16, trainLength: 160 },
  },
  smollm2: {
    config: {
      ...shared,
      modelType: "llama",
      vocabSize: 49_152,
      hiddenSize: 576,
      intermediateSize: 1536,
      layers: 30,
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      maxPositions: 2048,
      rmsNormEpsilon: 1e-5,
      ropeTheta: 100_000,
      attentionBias: false,
    },
    work: { prefillRows: 4, prefillLength: 128, promptLength: 32, newTokens: 24, trainRows: 4, trainLength: 128 },
  },
};
