import nodeCrypto from "node:crypto";

/** The process's random bytes. */
export interface RandomBytes {
  fill(view: Uint8Array): Uint8Array;
  /** Begins the sequence of a seed. */
  restart(seed: number): void;
}

/** Makes the process's random bytes a fixed sequence: what the engine draws at its start, and natively. */
export function fixRandomBytes(): RandomBytes {
  let state = 1;
  const fill = (view: Uint8Array): Uint8Array => {
    for (let i = 0; i < view.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      view[i] = state >>> 24;
    }
    return view;
  };
  nodeCrypto.randomFillSync = fill as typeof nodeCrypto.randomFillSync; // what the engine's build takes under Node
  Object.defineProperty(crypto, "getRandomValues", { value: fill, configurable: true });
  return { fill, restart: (seed) => (state = (Math.imul(seed, 2_654_435_761) + 1) >>> 0) };
}
