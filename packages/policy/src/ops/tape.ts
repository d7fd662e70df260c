import * as tf from "@tensorflow/tfjs-core";

/**
 * Runs something that records gradients of its own. The engine has one tape at a time, and needs that of the gradient around it back
 * afterwards; and of a tape whose gradient fails, it frees nothing.
 */
export function ownTape<T>(run: () => T): T {
  const { state } = tf.engine();
  const outer = state.activeTape;
  try {
    return run();
  } catch (error) {
    if (state.activeTape !== outer) for (const { saved = [] } of state.activeTape ?? []) tf.dispose(saved);
    throw error;
  } finally {
    state.activeTape = outer;
  }
}
