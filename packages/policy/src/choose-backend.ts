import { useBackend, type BackendName } from "./backend.js";

/** A backend now in use, and why this one. */
export interface BackendChoice {
  readonly name: BackendName;
  /** For people, in a few words. */
  readonly reason: string;
}

/**
 * Parameters below which wasm is faster than native TensorFlow. Measured per second of processor time, training 8 rows of 128 tokens:
 * wasm does 2.3 times as much with 0.2 million parameters and 1.2 times with 0.9 million, native TensorFlow 1.1 times with 3 million and
 * 1.3 times with 6 million. An operation's own cost, which is higher there, counts for less the larger the matrices are.
 */
export const WASM_BELOW = 2_000_000;

/**
 * Makes a backend current that suits a model: the one asked for, or, with `auto`, wasm for small models and else the first that loads.
 *
 * @param parameters - of the model
 * @throws InputError when the one asked for does not load.
 */
export async function chooseBackend(wanted: BackendName | "auto", parameters: number): Promise<BackendChoice> {
  if (wanted !== "auto") return { name: await useBackend(wanted), reason: "as asked for" };
  const [count, limit] = [parameters, WASM_BELOW].map((value) => value.toLocaleString("en-US"));
  if (parameters < WASM_BELOW) return { name: await useBackend("wasm"), reason: `faster for ${count} parameters, fewer than ${limit}` };
  const name = await useBackend("auto");
  return { name, reason: name.startsWith("tfjs-node") ? `faster for ${count} parameters` : "no native TensorFlow is here" };
}
