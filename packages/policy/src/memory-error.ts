import { InputError, type InputProblem } from "@retool-ts/core";

/** A way out where a backend cannot hold what is asked of it. */
export type MemoryRemedy = "native-backend" | "adapter" | "recompute-layers" | "shorter-rows" | "fewer-sequences" | "smaller-model";

const WORDS: Readonly<Record<MemoryRemedy, string>> = {
  "native-backend": "use native TensorFlow (installNative)",
  adapter: "train an adapter (addAdapter)",
  "recompute-layers": "recompute layers (gradientCheckpointing)",
  "shorter-rows": "train on shorter rows",
  "fewer-sequences": "sample fewer or shorter sequences (maxSequences, maxLength)",
  "smaller-model": "take a smaller model",
};

/** More memory than the backend can address. A program with names of its own for the remedies finds them in {@link remedies}. */
export class MemoryError extends InputError {
  readonly remedies: readonly MemoryRemedy[];

  constructor(problem: Omit<InputProblem, "fix">, remedies: readonly MemoryRemedy[]) {
    super({ ...problem, fix: remedies.map((remedy) => WORDS[remedy]).join(", or ") });
    this.remedies = remedies;
  }
}
