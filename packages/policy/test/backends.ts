import { type BackendName, probeBackends } from "../src/backend.js";

/** Native TensorFlow, where it loads. */
export const NATIVE: BackendName | undefined = (await probeBackends()).find(({ native }) => native !== undefined)?.name;

const native = NATIVE === undefined ? [] : [NATIVE];

/** Backends that the tests run on: wasm and cpu always, native TensorFlow where it loads; `RETOOL_TEST_BACKENDS=native` takes it alone. */
export const TEST_BACKENDS: readonly BackendName[] =
  process.env["RETOOL_TEST_BACKENDS"] === "native" && NATIVE !== undefined ? native : ["wasm", "cpu", ...native];

/** Backends with fused kernels: wasm always, native TensorFlow where `retool native install` built it. */
export const KERNEL_BACKENDS: readonly BackendName[] = [
  "wasm",
  ...(await probeBackends()).filter(({ native }) => native?.kernels === true).map(({ name }) => name),
];
