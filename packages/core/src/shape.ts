import { ShapeError } from "./errors.js";

/** Anything with a shape; a tfjs tensor is one. */
export interface Shaped {
  readonly shape: readonly number[];
}

/**
 * Checks a shape against a pattern of fixed sizes and names; a name must have one size wherever it appears.
 *
 * @param sizes - sizes that names already have; new names are added, so one map checks several arguments together.
 * @returns the map of named sizes.
 * @throws ShapeError when rank or a size differs.
 */
export function assertShape(
  argument: string,
  value: Shaped,
  pattern: readonly (number | string)[],
  sizes: Map<string, number> = new Map(),
): Map<string, number> {
  const matches =
    value.shape.length === pattern.length &&
    pattern.every((expected, axis) => {
      const actual = value.shape[axis]!;
      if (typeof expected === "number") return expected === actual;
      const known = sizes.get(expected);
      if (known === undefined) sizes.set(expected, actual);
      return known === undefined || known === actual;
    });
  if (!matches) {
    const expected = pattern.map((size) => (typeof size === "string" && sizes.has(size) ? `${size}=${sizes.get(size)}` : size));
    throw new ShapeError(argument, expected, value.shape);
  }
  return sizes;
}

/**
 * Checks that parallel arrays have one length.
 *
 * @throws ShapeError naming the first array that differs.
 */
export function assertSameLength(arrays: Readonly<Record<string, ArrayLike<unknown>>>): number {
  let length: number | undefined;
  for (const [name, array] of Object.entries(arrays)) {
    length ??= array.length;
    if (array.length !== length) throw new ShapeError(name, [length], [array.length]);
  }
  return length ?? 0;
}
