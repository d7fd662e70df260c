import { useBackend } from "@retool-ts/policy";
import type { EngineName } from "./titles.js";

/** One of them, ready to be used. */
export interface Compute {
  readonly name: EngineName;
  /** Has TensorFlow.js compute with it from now on. */
  activate(): Promise<void>;
  /** The reason, once it is gone or has failed; absent where it cannot. */
  readonly lost?: Promise<string>;
  /** Gives back memory that nothing uses; called after each step. */
  freeUnused?(): void;
}

/** Every visitor has it. */
export const WEB_ASSEMBLY: Compute = {
  name: "wasm",
  async activate() {
    await useBackend("wasm");
  },
};

/** The outcome of work, or an error as soon as what it runs on is gone: work that waits for a graphics card that is gone may never end. */
export async function unlessLost<Result>({ lost }: Compute, work: () => Promise<Result>): Promise<Result> {
  if (lost === undefined) return work();
  const gone = lost.then((reason): never => {
    throw new Error(reason);
  });
  const result = work();
  result.catch(() => {}); // where it is given up, nobody waits for it
  return Promise.race([result, gone]);
}
