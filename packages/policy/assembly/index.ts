export { addColumns, dropout, takeColumns } from "./adapter";
export { matmul, matmulScratch } from "./matmul";
export { weightGradient, weightGradientScratch } from "./gemm";
export { attentionBackward, attentionCached, attentionForward, attentionScratch, copyCacheSlot } from "./attention";
export { accumulate, adamW, sumOfSquares } from "./optimizer";
export {
  gatherRows, logProbsBackward, logProbsForward, rmsNormBackward, rmsNormForward, sumRows, rotaryBackward, rotaryForward, scatterAddRows,
  swigluBackward, swigluForward,
} from "./rows";
