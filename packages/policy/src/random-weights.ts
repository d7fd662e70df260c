import { philox4x32, streamKey, uniformAt, type StreamLabel } from "@retool-ts/core";

/** `size` uniform numbers within ±bound of a named random stream. */
export function uniforms(seed: number, labels: readonly StreamLabel[], size: number, bound: number): Float32Array {
  const key = streamKey(seed, labels);
  return Float32Array.from({ length: size }, (_, i) => bound * (2 * uniformAt(key, i) - 1));
}

/** `size` normal numbers of a named random stream (Box-Muller over the four words of each Philox block). */
export function normals(seed: number, labels: readonly StreamLabel[], size: number, std: number): Float32Array {
  const key = streamKey(seed, labels);
  const values = new Float32Array(size + 3);
  for (let i = 0; i < size; i += 4) {
    const words = philox4x32([i, 0, 0, 1], key);
    for (const pair of [0, 2] as const) {
      const radius = std * Math.sqrt(-2 * Math.log((words[pair] + 1) / 2 ** 32));
      const angle = (2 * Math.PI * words[pair + 1]!) / 2 ** 32;
      values[i + pair] = radius * Math.cos(angle);
      values[i + pair + 1] = radius * Math.sin(angle);
    }
  }
  return values.slice(0, size);
}
