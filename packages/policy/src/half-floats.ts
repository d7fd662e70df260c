let table: Float32Array | undefined;

/** All 65,536 half-precision numbers by their bits. */
export function halfFloats(): Float32Array {
  return (table ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => halfToNumber(half)));
}

/** IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Half-precision numbers as 32-bit floats. */
export function fromHalfFloats(halves: Uint16Array): Float32Array {
  const floats = halfFloats();
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) result[i] = floats[halves[i]!]!;
  return result;
}
