import type { KernelContext } from "./kernel-context.js";
import { KERNEL_SPLITS, splitRange, splitWork, type SplitName } from "./kernel-splits.js";
import type { KernelName, KernelThreads } from "./kernel-threads.js";
import { SCRATCH_ARGUMENT, type FusedKernels, type WasmExports } from "./kernels.generated.js";
import { floatsAfter, NULL } from "./pointer.js";

type WasmTensors = Required<Pick<KernelContext, "pointer" | "output" | "free" | "view">>;

/** Multiply-adds that a weight of a token costs when one is drawn. */
const DRAW_COST = 8;

/**
 * The module's functions without the scratch memory that some of them want as an argument, because the module has no memory of its own, and
 * divided among threads where there are any.
 */
export function fusedWasmKernels(
  module: WasmExports,
  { pointer, output, free, view }: WasmTensors,
  threads: KernelThreads | undefined,
): FusedKernels {
  const width = threads?.count ?? 1;

  /** Runs the parts of a kernel's work. A part's arguments lack the scratch memory, of which each thread gets so many floats. */
  const run = (kernel: KernelName, parts: readonly (readonly number[])[], floats: number, place: number) => {
    const space = floats === 0 ? undefined : output(floats * (parts.length > 1 ? width : 1));
    const scratch = space === undefined ? NULL : pointer(space);
    const whole = place < 0 ? parts : parts.map((args) => args.toSpliced(place, 0, scratch));
    if (whole.length > 1) threads!.run(kernel, whole, space === undefined ? undefined : { place, floats });
    else (module[kernel] as (...args: readonly number[]) => void)(...whole[0]!);
    if (space !== undefined) free(space);
  };
  const kernel = <Name extends SplitName>(
    name: Name,
    floats: (...args: Parameters<FusedKernels[Name]>) => number = () => 0,
  ): ((...args: Parameters<FusedKernels[Name]>) => void) => {
    const place = name in SCRATCH_ARGUMENT ? SCRATCH_ARGUMENT[name as keyof typeof SCRATCH_ARGUMENT] : -1;
    const split = threads === undefined ? undefined : KERNEL_SPLITS[name];
    return (...args) => run(name, split === undefined ? [args] : splitWork(split, args, width), floats(...args), place);
  };
  const attention = (maxLength: number, headDim: number) => module.attentionScratch(maxLength, headDim);
  return {
    ...module,
    rmsNormForward: kernel("rmsNormForward"),
    rotaryForward: kernel("rotaryForward"),
    swigluForward: kernel("swigluForward"),
    swigluBackward: kernel("swigluBackward"),
    logProbsBackward: kernel("logProbsBackward"),
    adamW: kernel("adamW"),
    accumulate: kernel("accumulate"),
    matmul: kernel("matmul", (_a, _b, _k, _n, _c, rows, columns, inner) => module.matmulScratch(rows, columns, inner)),
    matmulPacked: kernel("matmulPacked", () => module.matmulPackedScratch()),
    quantizeWeight: kernel("quantizeWeight", (_b, _strideK, _strideN, _columns, inner) => module.quantizeWeightScratch(inner)),
    matmulQuantized: kernel("matmulQuantized", (_a, _quantized, _c, _rows, _columns, inner) => module.matmulQuantizedScratch(inner)),
    weightGradient(x, dy, tokens, inputs, outputs, dw) {
      const floats = module.weightGradientScratch(inputs);
      const ranges = splitRange(outputs, 8, tokens * inputs, width);
      const parts = ranges.map(([first, last]) => [x, dy, tokens, inputs, outputs, dw, first, last]);
      run("weightGradientColumns", parts, floats, SCRATCH_ARGUMENT.weightGradient);
    },
    attentionForward: kernel("attentionForward", (_qkv, _offsets, _rows, _heads, _kvHeads, headDim, _scale, maxLength) =>
      attention(maxLength, headDim),
    ),
    attentionBackward: kernel(
      "attentionBackward",
      (_qkv, _out, _sums, _dout, _offsets, _rows, _heads, _kvHeads, headDim, _scale, maxLength) => attention(maxLength, headDim),
    ),
    attentionCached: kernel(
      "attentionCached",
      (_qkv, _offsets, _slots, _past, _rows, heads, kvHeads, _headDim, _scale, _keys, _values, capacity) =>
        module.attentionCachedScratch(heads / kvHeads, capacity),
    ),
    sampleRows(logits, rows, vocab, allowed, unused, unusedCount, draws) {
      const space = output(2 * draws.length + unusedCount);
      const { buffer, byteOffset } = view(space);
      const values = new Float64Array(buffer, byteOffset, draws.length);
      values.set(draws);
      const ids = floatsAfter(pointer(space), 2 * draws.length);
      new Int32Array(buffer, ids, unusedCount).set(unused);
      const parts = splitRange(rows, 1, DRAW_COST * vocab, width).map(([first, last]) => {
        const [line, draw] = [floatsAfter(logits, first * vocab), floatsAfter(pointer(space), (first * 2 * draws.length) / rows)];
        return [line, last - first, vocab, allowed, ids, unusedCount, draw];
      });
      run("sampleRows", parts, module.sampleScratch(vocab), SCRATCH_ARGUMENT.sampleRows);
      draws.set(new Float64Array(view(space).buffer, byteOffset, draws.length));
      free(space);
    },
    logProbsForward: kernel("logProbsForward", (_logits, _targets, _rows, vocab) => vocab),
    rotaryBackward: kernel(
      "rotaryBackward",
      (_qkv, _query, _key, _cos, _sin, _positions, _rstd, _dout, _tokens, _heads, _kvHeads, headDim) => 5 * headDim,
    ),
    rmsNormBackward: kernel("rmsNormBackward", (_x, _weight, _rstd, _dy, _rows, width) => 2 * width),
    sumRows: kernel("sumRows", (_x, _rows, width) => 2 * width),
  };
}
