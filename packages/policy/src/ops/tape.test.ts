import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../backend.js";
import "../gradients.js";
import "../node.js";
import { GradientAccumulator } from "../gradient-accumulator.js";
import { recompute } from "./recompute.js";
import { freeAlongTheWay } from "./tape.js";

const SIZE = 1000;

/** x passed through, and what its gradient sees when it comes. */
function watched(x: tf.Tensor1D, see: () => void): tf.Tensor1D {
  const op = tf.customGrad((...args) => {
    (args.at(-1) as tf.GradSaveFunc)([]);
    return {
      value: tf.clone(args[0] as tf.Tensor1D),
      gradFunc: (dy: tf.Tensor) => {
        see();
        return tf.clone(dy);
      },
    };
  });
  return op(x) as tf.Tensor1D;
}

/** a + b, whose two gradients are one tensor: the very one that comes. */
function sharing(a: tf.Tensor1D, b: tf.Tensor1D): tf.Tensor1D {
  const op = tf.customGrad((...args) => {
    (args.at(-1) as tf.GradSaveFunc)([]);
    return { value: tf.add(args[0] as tf.Tensor1D, args[1] as tf.Tensor1D), gradFunc: (dy: tf.Tensor) => [dy, dy] };
  });
  return op(a, b) as tf.Tensor1D;
}

describe.each(["wasm", "cpu"] as const)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  /** Values and gradients in x and w, and the tensors that there are when the first operation's gradient is asked for. */
  function run(f: (x: tf.Tensor1D, w: tf.Tensor1D) => tf.Tensor1D, free: boolean) {
    const before = tf.memory();
    const seen: number[] = [];
    const [x, w] = [tf.linspace(-1, 1, SIZE), tf.linspace(0.5, 2, SIZE)];
    const { value, grads } = tf.tidy(() =>
      tf.engine().gradients(() => {
        const y = tf.sum(
          f(
            watched(x, () => seen.push(tf.memory().numTensors)),
            w,
          ),
        );
        if (free) freeAlongTheWay();
        return y as tf.Scalar;
      }, [x, w]),
    );
    const numbers = [value, ...grads].map((tensor) => [...tensor.dataSync()]);
    tf.dispose([x, w, value, ...grads]);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    return { numbers, seen: seen.at(-1)! - before.numTensors };
  }

  const chain = (x: tf.Tensor1D, w: tf.Tensor1D): tf.Tensor1D => {
    let y = x;
    for (let i = 0; i < 20; i++) y = tf.tidy(() => tf.sin(tf.mul(y, w)));
    return y;
  };

  test("what later operations kept is gone when the first one's turn comes, and the gradients are the same", () => {
    const [engine, ours] = [run(chain, false), run(chain, true)];
    expect(ours.numbers).toEqual(engine.numbers);
    expect(engine.seen).toBeGreaterThan(80);
    expect(ours.seen).toBeLessThan(20);
  });

  test("a gradient that several operations share lasts until the last of them", () => {
    const shared = (x: tf.Tensor1D, w: tf.Tensor1D) => sharing(tf.sin(sharing(x, w)), sharing(tf.cos(x), tf.mul(x, w)));
    expect(run(shared, true).numbers).toEqual(run(shared, false).numbers);
  });

  test("gradients that are added to one another, and one that is a variable's, are left as they are", () => {
    const residual = (x: tf.Tensor1D, w: tf.Tensor1D) => {
      const middle = tf.add<tf.Tensor1D>(x, tf.mul(tf.tanh(x), w));
      return sharing(tf.add<tf.Tensor1D>(middle, tf.mul(tf.sin(middle), middle)), w);
    };
    expect(run(residual, true).numbers).toEqual(run(residual, false).numbers);
  });

  test("gradients of an update, and of what is computed again, are freed so", async () => {
    const w = tf.tidy(() => tf.variable(tf.linspace(0.5, 2, SIZE))) as tf.Variable;
    const weights = w as tf.Tensor as tf.Tensor1D;
    const parameters = { trainableSpecs: [{ name: "w", shape: [SIZE], kind: "bias" as const }], get: () => w };
    const seen: number[] = [];
    const long = (x: tf.Tensor1D) =>
      chain(
        watched(x, () => seen.push(tf.memory().numTensors)),
        weights,
      );
    const again = (x: tf.Tensor1D) =>
      recompute((row) => tf.reshape(long(tf.reshape(row, [SIZE])), [1, SIZE]), tf.reshape(x, [1, SIZE]), [w]);
    for (const f of [long, again]) {
      const before = tf.memory().numTensors;
      const gradients = new GradientAccumulator(parameters);
      await gradients.add(() => ({ loss: tf.sum<tf.Scalar>(f(weights)) }));
      gradients.clear();
      expect(seen.at(-1)! - before).toBeLessThan(30);
      expect(tf.memory().numTensors).toBe(before);
    }
    w.dispose();
  });
});
