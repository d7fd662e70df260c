import { InputError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { NATIVE, TEST_BACKENDS } from "../test/backends.js";
import { BACKENDS, probeBackends, useBackend } from "./backend.js";
import { fusedKernels } from "./kernels/kernel-context.js";

const probes = await probeBackends();

describe("backends", () => {
  test("the probe lists all, best first, with a reason for those that are absent", async () => {
    const probes = await probeBackends();
    expect(probes.map(({ name }) => name)).toEqual([...BACKENDS]);
    for (const { name, available, reason } of probes) {
      if (name === "wasm" || name === "cpu") expect(available, reason).toBe(true);
      expect(available ? reason : (reason ?? "").length > 0).toBe(available ? undefined : true);
    }
  });

  test("probing leaves the current one in place", async () => {
    await useBackend("cpu");
    await probeBackends();
    expect(tf.getBackend()).toBe("cpu");
  });

  test.skipIf(NATIVE !== undefined)("wasm is chosen when no native library is there (skipped where one is)", async () => {
    expect(await useBackend()).toBe("wasm");
    expect(tf.getBackend()).toBe("wasm");
  });

  const absent = probes.find(({ available }) => !available)?.name;
  test.skipIf(absent === undefined)("an absent one that is asked for gives an error that says why (skipped where none is)", async () => {
    const error: unknown = await useBackend(absent).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(
      new RegExp(`backend: ${absent}: expected one that loads .* found ${absent}: .* leave the backend on auto`),
    );
  });

  test.skipIf(NATIVE === undefined)(
    "native TensorFlow takes part in the tests (skipped where it does not load; `retool native install` builds it)",
    async () => {
      expect(await useBackend()).toBe(NATIVE);
      expect(tf.getBackend()).toBe("tensorflow");
      await useBackend("wasm");
      await probeBackends();
      expect(tf.getBackend()).toBe("wasm");
    },
  );

  test("our kernels serve their own backend only, also after a change and back", async () => {
    await useBackend("wasm");
    const kernels = fusedKernels()?.kernels;
    expect(kernels).toBeDefined();
    await useBackend("cpu");
    expect(fusedKernels()).toBeUndefined();
    await useBackend("wasm");
    expect(fusedKernels()?.kernels).toBe(kernels);
  });
});

test.each(TEST_BACKENDS)("a clone on %s takes no memory of its own, and outlives its tensor", async (backend) => {
  await useBackend(backend);
  const [values, before] = [tf.tensor1d([1, 2, 3]), tf.memory().numDataBuffers];
  const clone = tf.clone(values);
  expect(tf.memory().numDataBuffers).toBe(before);
  values.dispose();
  expect([...clone.dataSync()]).toEqual([1, 2, 3]);
  clone.dispose();
  expect(tf.memory().numDataBuffers).toBe(before - 1);
});
