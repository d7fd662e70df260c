import { useBackend, type BackendName, type BackendOptions } from "./backend.js";

/** A backend now in use, and why this one. */
export interface BackendChoice {
  readonly name: BackendName;
  /** For people, in a few words. */
  readonly reason: string;
}

/**
 * Parameters below which wasm is taken. Measured per second of processor time against native TensorFlow with our kernels, training 8 rows of
 * 128 tokens and decoding 16 sequences: with 0.18 million parameters wasm decodes 1.6 times as much and trains 0.7 times, with 0.85 million
 * 0.9 and 0.4 times. An operation's own cost, which is lower on wasm, counts for less the larger the matrices are.
 */
export const WASM_BELOW = 500_000;

/**
 * Makes a backend current that suits a model: the one asked for, or, with `auto`, wasm for small models and else the first that loads.
 *
 * @param parameters - of the model
 * @throws InputError when the one asked for does not load.
 */
export async function chooseBackend(
  wanted: BackendName | "auto",
  parameters: number,
  options: BackendOptions = {},
): Promise<BackendChoice> {
  if (wanted !== "auto") return { name: await useBackend(wanted, options), reason: "as asked for" };
  const [count, limit] = [parameters, WASM_BELOW].map((value) => value.toLocaleString("en-US"));
  if (parameters < WASM_BELOW)
    return { name: await useBackend("wasm", options), reason: `faster for ${count} parameters, fewer than ${limit}` };
  const name = await useBackend("auto", options);
  return { name, reason: name.startsWith("tfjs-node") ? `faster for ${count} parameters` : "no native TensorFlow is here" };
}
