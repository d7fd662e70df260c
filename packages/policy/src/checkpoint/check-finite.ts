import { InputError } from "@retool-ts/core";

/**
 * Refuses weights that are no numbers: a model with one NaN gives nothing but NaN, which is better said before hours of training than after.
 *
 * @param place - of the first float among those of the tensor
 * @throws InputError naming the first one.
 */
export function checkFinite(floats: Float32Array, place: number, where: string): void {
  let sum = 0; // x − x is NaN where x is NaN or infinite
  for (let i = 0; i < floats.length; i++) sum += floats[i]! - floats[i]!;
  if (sum === 0) return;
  const i = floats.findIndex((value) => !Number.isFinite(value));
  const problem = { what: "checkpoint", where, expected: "finite numbers", found: `${floats[i]} as number ${place + i}` };
  throw new InputError({ ...problem, fix: "use another checkpoint: this one is damaged, or its training diverged" });
}
