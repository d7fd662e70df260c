/**
 * The place of a query or key row in llama.cpp's order, and back. In files of the llama architecture it rotates neighbours (2i, 2i + 1) of a
 * head; this model and Hugging Face's rotate (i, i + headDim/2).
 */
export function rowInGguf(row: number, headDim: number): number {
  const place = row % headDim;
  const half = headDim / 2;
  return row - place + 2 * (place % half) + (place < half ? 0 : 1);
}

/** The inverse of {@link rowInGguf}. */
export function rowFromGguf(row: number, headDim: number): number {
  const place = row % headDim;
  return row - place + (place >> 1) + (place & 1) * (headDim / 2);
}
