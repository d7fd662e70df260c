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

/** Half-precision numbers as 32-bit floats, in `result` where it is given. */
export function fromHalfFloats(halves: Uint16Array, result: Float32Array = new Float32Array(halves.length)): Float32Array {
  const floats = halfFloats();
  for (let i = 0; i < halves.length; i++) result[i] = floats[halves[i]!]!;
  return result;
}

/** Bfloat16 numbers as 32-bit floats, whose upper halves they are, in `result` where it is given. */
export function fromBrainFloats(halves: Uint16Array, result: Float32Array = new Float32Array(halves.length)): Float32Array {
  const bits = new Uint32Array(result.buffer, result.byteOffset, result.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return result;
}

/** 32-bit floats as half-precision numbers, rounded to nearest, ties to even; what is too large becomes infinite. */
export function toHalfFloats(values: Float32Array): Uint16Array {
  return mapBits(values, (x) => {
    const sign = (x >>> 16) & 0x8000;
    const magnitude = x & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff); // not a number stays one
    if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65,520 and above
    if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    if (magnitude < 0x33000000) return sign; // below 2⁻²⁵
    const shift = 126 - (magnitude >>> 23); // 14 to 24: a subnormal number counts 2⁻²⁴
    const fraction = (magnitude & 0x7fffff) | 0x800000;
    return sign | ((fraction + (1 << (shift - 1)) - 1 + ((fraction >>> shift) & 1)) >>> shift);
  });
}

/** 32-bit floats as bfloat16 numbers, their upper halves, rounded to nearest, ties to even. */
export function toBrainFloats(values: Float32Array): Uint16Array {
  return mapBits(values, (x) => {
    if ((x & 0x7fffffff) > 0x7f800000) return (x >>> 16) | 0x40; // not a number stays one
    return (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  });
}

/** A loop and not `Uint16Array.from`, which makes a list of all values first: an embedding matrix has more than a list holds. */
function mapBits(values: Float32Array, toHalf: (bits: number) => number): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) result[i] = toHalf(bits[i]!);
  return result;
}
