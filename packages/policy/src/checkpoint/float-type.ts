import { toBrainFloats, toHalfFloats } from "./half-floats.js";

/** Types of stored floats, by the names of PyTorch. */
export type FloatType = "float32" | "float16" | "bfloat16";

/** Their names in safetensors files. */
export const STORED_TYPES = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const;

/** 32-bit floats as bytes of a type; narrower ones are rounded to nearest, ties to even. */
export function encodeFloats(values: Float32Array, type: FloatType): Uint8Array {
  const { buffer, byteOffset, byteLength } = narrowed(values, type);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function narrowed(values: Float32Array, type: FloatType): Float32Array | Uint16Array {
  switch (type) {
    case "float32":
      return values;
    case "float16":
      return toHalfFloats(values);
    case "bfloat16":
      return toBrainFloats(values);
  }
}
