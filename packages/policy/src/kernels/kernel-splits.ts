import type { FusedKernels } from "./kernels.generated.js";

/** Division of a kernel's work into parts that do not touch each other's results. */
export interface KernelSplit {
  /** Place of the argument that says how many rows, or whatever is divided, there are. */
  readonly total: number;
  /** Floats that an argument moves on for each of them, by the argument's place. */
  readonly strides: (args: readonly number[]) => Readonly<Record<number, number>>;
  /** Multiply-adds, or what takes about as long, for each of them. */
  readonly cost: (args: readonly number[]) => number;
  /** Fewest of them in a part, and a divisor of where parts begin. */
  readonly grain: number;
}

/** Multiply-adds that are worth the call of another thread. */
const WORTH = 100_000;

/** A kernel whose arguments are all numbers. */
export type SplitName = Exclude<keyof FusedKernels, "sampleRows" | "sumOfSquares">;

/** Products with a weight that was packed before. */
const packedProduct: KernelSplit = {
  total: 3,
  strides: ([, , , , columns, inner]) => ({ 0: inner!, 2: columns! }),
  cost: ([, , , , columns, inner]) => columns! * inner!,
  grain: 4,
};

/**
 * Kernels that are divided among threads. Each result is computed from the same numbers in the same order as without: in WebAssembly the bits
 * do not depend on the number of threads. Sums over rows, such as the gradients of norms, are not divided.
 */
export const KERNEL_SPLITS: Partial<Record<SplitName, KernelSplit>> = {
  matmul: {
    total: 5,
    strides: ([, , , , , , columns, inner]) => ({ 0: inner!, 4: columns! }),
    cost: ([, , , , , , columns, inner]) => columns! * inner!,
    grain: 16,
  },
  matmulPacked: packedProduct,
  matmulQuantized: packedProduct,
  rmsNormForward: { total: 2, strides: ([, , , width]) => ({ 0: width!, 5: width!, 6: 1 }), cost: ([, , , width]) => width!, grain: 64 },
  rotaryForward: {
    total: 6,
    strides: ([, , , , , , , heads, kvHeads, headDim]) => {
      const width = (heads! + 2 * kvHeads!) * headDim!;
      return { 0: width, 5: 1, 11: width, 12: heads! + kvHeads! };
    },
    cost: ([, , , , , , , heads, kvHeads, headDim]) => 3 * (heads! + 2 * kvHeads!) * headDim!,
    grain: 64,
  },
  swigluForward: { total: 1, strides: ([, , width]) => ({ 0: 2 * width!, 3: width! }), cost: ([, , width]) => 6 * width!, grain: 16 },
  swigluBackward: {
    total: 2,
    strides: ([, , , width]) => ({ 0: 2 * width!, 1: width!, 4: 2 * width! }),
    cost: ([, , , width]) => 10 * width!,
    grain: 16,
  },
  logProbsForward: {
    total: 2,
    strides: ([, , , vocab]) => ({ 0: vocab!, 1: 1, 5: 1, 6: 1, 7: 1 }),
    cost: ([, , , vocab]) => 8 * vocab!,
    grain: 1,
  },
  logProbsBackward: {
    total: 6,
    strides: ([, , , , , , , vocab]) => ({ 0: vocab!, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 9: vocab! }),
    cost: ([, , , , , , , vocab]) => 8 * vocab!,
    grain: 1,
  },
  attentionForward: {
    total: 2,
    strides: () => ({ 1: 1 }),
    cost: ([, , , heads, , headDim, , maxLength]) => maxLength! ** 2 * heads! * headDim!,
    grain: 1,
  },
  attentionBackward: {
    total: 5,
    strides: () => ({ 4: 1 }),
    cost: ([, , , , , , heads, , headDim, , maxLength]) => 2 * maxLength! ** 2 * heads! * headDim!,
    grain: 1,
  },
  attentionCached: {
    total: 4,
    strides: () => ({ 1: 1, 2: 1, 3: 1 }),
    cost: ([, , , , , heads, , headDim, , , , capacity]) => capacity! * heads! * headDim!,
    grain: 1,
  },
  adamW: { total: 5, strides: () => ({ 0: 1, 1: 1, 2: 1, 3: 1, 4: 1 }), cost: () => 20, grain: 1024 },
  accumulate: { total: 2, strides: () => ({ 0: 1, 1: 1 }), cost: () => 1, grain: 1024 },
};

/** Arguments of each part; one part where dividing is not worth it. */
export function splitWork(split: KernelSplit, args: readonly number[], threads: number): readonly (readonly number[])[] {
  const ranges = splitRange(args[split.total]!, split.grain, split.cost(args), threads);
  if (ranges.length === 1) return [args];
  const strides = Object.entries(split.strides(args));
  return ranges.map(([first, last]) => {
    const part = [...args];
    part[split.total] = last - first;
    for (const [place, floats] of strides) part[Number(place)]! += 4 * first * floats;
    return part;
  });
}

/** Ranges that begin at multiples of the grain, two for each thread; one range where dividing is not worth it. */
export function splitRange(
  total: number,
  grain: number,
  cost: number,
  threads: number,
): readonly (readonly [first: number, last: number])[] {
  const parts = Math.min(2 * threads, Math.floor(total / grain));
  if (threads < 2 || parts < 2 || total * cost < WORTH) return [[0, total]];
  const size = Math.ceil(total / parts / grain) * grain;
  const ranges: (readonly [number, number])[] = [];
  for (let first = 0; first < total; first += size) ranges.push([first, Math.min(first + size, total)]);
  return ranges;
}
