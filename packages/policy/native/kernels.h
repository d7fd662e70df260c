// What the module exports: the same operations, with the same arguments, as the WebAssembly in assembly/ (see there for each) without its
// scratch memory, on tensors in TensorFlow's memory. Those that differ say so here. The build makes TypeScript's declarations from this
// file and refuses a kernel whose arguments in assembly/ have other names or types.
#pragma once

#include <cstdint>

namespace retool {

/** c [rows, columns] = a [rows, inner]·B with B(k, n) at b + k·strideK + n·strideN, one of which is 1. */
void matmul(const float* a, const float* b, long strideK, long strideN, float* c, long rows, long columns, long inner);
/** B as matmulPacked reads it: `columns` rounded up to a multiple of 16, times `inner`, floats. */
void packWeight(const float* b, long strideK, long strideN, long columns, long inner, float* packed);
/** What matmul gives, to the bit. */
void matmulPacked(const float* a, const float* packed, float* c, long rows, long columns, long inner);
/**
 * B in 8 bits: of each column the scale max |b| / 127, and b / scale as whole numbers, ties to even. For each of the columns, rounded up to a
 * multiple of 16, that is 1 + inner / 4 floats.
 */
void quantizeWeight(const float* b, long strideK, long strideN, long columns, long inner, float* quantized);
/** c [rows, columns] = a·B of what quantizeWeight made of B; sums are made in floats. */
void matmulQuantized(const float* a, const float* quantized, float* c, long rows, long columns, long inner);
/** dw [inputs, outputs] += Σ over tokens of x[token]ᵀ·dy[token]. */
void weightGradient(const float* x, const float* dy, long tokens, long inputs, long outputs, float* dw);

void rmsNormForward(const float* x, const float* weight, long rows, long width, float epsilon, float* y, float* rstd);
void rmsNormBackward(
    const float* x, const float* weight, const float* rstd, const float* dy, long rows, long width, float* dx, float* dweight);
void rotaryForward(
    const float* qkv, const float* queryWeight, const float* keyWeight, const float* cosines, const float* sines, const int32_t* positions,
    long tokens, long heads, long kvHeads, long headDim, float epsilon, float* out, float* rstd);
void rotaryBackward(
    const float* qkv, const float* queryWeight, const float* keyWeight, const float* cosines, const float* sines, const int32_t* positions,
    const float* rstd, const float* dout, long tokens, long heads, long kvHeads, long headDim, float* dqkv, float* dqueryWeight,
    float* dkeyWeight);
void swigluForward(const float* gateUp, long rows, long width, float* out);
void swigluBackward(const float* gateUp, const float* dout, long rows, long width, float* dgateUp);

/** out [width] = Σ_r x[r, width], in double precision. */
void sumRows(const float* x, long rows, long width, float* out);
/** x becomes 0. */
void clear(float* x, long n);
void gatherRows(const float* table, const int32_t* ids, long rows, long width, float* out);
void scatterAddRows(const float* from, const int32_t* ids, long rows, long width, float* table);
void logProbsForward(
    const float* logits, const int32_t* targets, long rows, long vocab, float inverseTemperature, float* logProbs, float* logSumExp,
    float* entropy);
void logProbsBackward(
    const float* logits, const int32_t* targets, const float* logSumExp, const float* entropy, const float* dlogProbs,
    const float* dentropy, long rows, long vocab, float inverseTemperature, float* dlogits);

/**
 * One token for each row of logits [rows, vocab]: draws [rows, 5] holds 1 / temperature, or 0 for the most likely token, top-p, top-k, a
 * uniform number and the logarithm of min-p, and then the id, the logarithm of its weight, and the sum of all weights: the log-probability
 * is the second less the logarithm of the third. Ids from `allowed` on, and the `unusedCount` rising ones in `unused`, are not drawn, but count in that sum.
 */
void sampleRows(const float* logits, long rows, long vocab, long allowed, const int32_t* unused, long unusedCount, double* draws);

void attentionForward(
    const float* qkv, const int32_t* rowOffsets, long rows, long heads, long kvHeads, long headDim, float scale, long maxLength, float* out,
    float* logSumExp, long window);
void attentionBackward(
    const float* qkv, const float* out, const float* logSumExp, const float* dout, const int32_t* rowOffsets, long rows, long heads,
    long kvHeads, long headDim, float scale, long maxLength, float* dqkv, long window);
void attentionCached(
    const float* qkv, const int32_t* rowOffsets, const int32_t* slots, const int32_t* past, long rows, long heads, long kvHeads,
    long headDim, float scale, float* keys, float* values, long capacity, float* out, long window);
void copyCacheSlot(float* keys, float* values, long from, long to, long length, long kvHeads, long headDim, long capacity);

void adamW(
    const float* parameter, const float* gradient, float* mean, float* variance, float* updated, long n, float gradientScale,
    float learningRate, float beta1, float beta2, float epsilon, float weightDecay, float correction1, float correction2);
double sumOfSquares(const float* x, long n);
void accumulate(float* total, const float* x, long n);

void dropout(
    const float* x, const int32_t* rowOffsets, long rows, long firstRow, long width, uint32_t key0, uint32_t key1, uint32_t threshold,
    float scale, float* out);
void addColumns(const float* from, long rows, long columns, float scale, float* to, long stride);
void takeColumns(const float* from, long stride, long rows, long columns, float scale, float* to);

}  // namespace retool
