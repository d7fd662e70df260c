/** The process's random bytes. */
export interface RandomBytes {
  fill(view: Uint8Array): Uint8Array;
  /** Begins the sequence anew. */
  restart(): void;
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
  Object.defineProperty(crypto, "getRandomValues", { value: fill, configurable: true });
  return { fill, restart: () => (state = 1) };
}
