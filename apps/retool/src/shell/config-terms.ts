import { InputError, type RetoolError } from "@retool-ts/core";

/** Remedies of the policy package's `MemoryError` in the words of a recipe and of this command line. */
const REMEDIES: Readonly<Record<string, string>> = {
  "native-backend": "use native TensorFlow (`retool native install`)",
  adapter: "train an adapter (model.lora)",
  "recompute-layers": "set optimizer.gradientCheckpointing",
  "shorter-rows": "shorten rows (budgets)",
  "fewer-sequences": "lower sampler.kvCacheMiB, train.groupSize or budgets.maxResponseTokens",
  "smaller-model": "take a smaller model",
};

/** An error of a library with its way out in terms of the config; told by its shape, so that no library is loaded for it. */
export function inConfigTerms(error: RetoolError): RetoolError {
  const { remedies } = error as { readonly remedies?: unknown };
  if (!(error instanceof InputError) || !Array.isArray(remedies)) return error;
  return new InputError({ ...error.problem, fix: remedies.map((name) => REMEDIES[String(name)] ?? String(name)).join(", or ") });
}
