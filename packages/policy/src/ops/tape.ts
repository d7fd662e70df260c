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

/**
 * Has the gradient that follows free what it has no more use for while it goes: of each operation what it kept and the gradient of its
 * value. On its own the engine frees that at the end, with all of it in memory at once. To be called when all operations are recorded.
 */
export function freeAlongTheWay(): void {
  // Operations whose value has this tensor as its gradient: one may be the gradient of several.
  const holders = new Map<tf.Tensor, number>();
  const reached = new Set<number>();
  let unused: tf.Tensor[] = [];
  for (const node of tf.engine().state.activeTape ?? []) {
    const { gradient, inputs, saved = [] } = node;
    if (gradient === undefined) continue;
    node.gradient = (dys) => {
      for (const tensor of unused) {
        const others = (holders.get(tensor) ?? 1) - 1;
        holders.set(tensor, others);
        if (others === 0) tensor.dispose();
      }
      unused = [...saved, ...dys.filter((dy) => dy !== null)];
      const wanted = Object.entries(gradient(dys)).map(([name, make]): [string, () => tf.Tensor] => [
        name,
        () => {
          const dx = make();
          holders.set(dx, (holders.get(dx) ?? 0) + 1);
          const { id } = inputs[name]!;
          if (reached.has(id)) unused.push(dx); // the engine adds it to another one
          reached.add(id);
          return dx;
        },
      ]);
      return Object.fromEntries(wanted);
    };
  }
}
