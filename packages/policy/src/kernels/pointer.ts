declare const isPointer: unique symbol;

/** Place of a tensor's values: a byte offset into the memory of the wasm backend, or an address in TensorFlow's. */
export type Pointer = number & { readonly [isPointer]: true };

/** No tensor. */
export const NULL = 0 as Pointer;

/** The place of a float further on in a tensor. */
export function floatsAfter(pointer: Pointer, floats: number): Pointer {
  return (pointer + 4 * floats) as Pointer;
}
