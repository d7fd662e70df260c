export { addColumns, dropout, takeColumns } from "./adapter";
export { matmul, matmulScratch } from "./matmul";
export {
  matmulPacked, matmulPackedScratch, matmulQuantized, matmulQuantizedScratch, packWeight, quantizeWeight, quantizeWeightScratch,
} from "./packed";
export { weightGradient, weightGradientColumns, weightGradientScratch } from "./gemm";
export { attentionBackward, attentionCached, attentionCachedScratch, attentionForward, attentionScratch, copyCacheSlot } from "./attention";
export { accumulate, adamW, sumOfSquares } from "./optimizer";
export { logProbsBackward, logProbsForward } from "./log-probs";
export { sampleRows, sampleScratch } from "./sampling";
export {
  gatherRows, rmsNormBackward, rmsNormForward, rotaryBackward, rotaryForward, scatterAddRows, sumRows, swigluBackward, swigluForward,
} from "./rows";
