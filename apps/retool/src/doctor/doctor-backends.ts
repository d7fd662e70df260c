import { availableParallelism } from "node:os";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { BackendName, BackendProbe, NativeBackend } from "@retool-ts/policy/node";
import type { DoctorCheck } from "./doctor-check.js";
import { formatBytes } from "@retool-ts/report";

const SIZE = 512;
/** With the memory check, some two seconds. */
const MEASURE_MS = 1_500;
/** Bytes that the memory check holds at once, in blocks. */
const MEMORY_BYTES = 512 * 2 ** 20;
const BLOCK_BYTES = 64 * 2 ** 20;

/** Which backends load, which one training would use, how fast it multiplies matrices and copies memory. */
export async function checkBackends(): Promise<DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  try {
    const { probeBackends, usableThreads, useBackend } = await import("@retool-ts/policy/node");
    const probes = await probeBackends();
    for (const probe of probes) checks.push(describe(probe));
    const chosen = await useBackend("auto");
    checks.push({
      name: "chosen backend",
      status: "ok",
      detail: `${chosen} (backend: auto picks ${chosen === "wasm" ? "it" : "it for models of half a million parameters and more, else wasm"})`,
      facts: { backend: chosen },
    });
    checks.push(
      describeKernels(
        chosen,
        probes.find(({ name }) => name === chosen),
      ),
    );
    checks.push(describeThreads(chosen, usableThreads()));
    const gigaflops = await measureMatMul();
    const speed = `${gigaflops.toFixed(1)} GFLOP/s, ${SIZE} × ${SIZE} matrices`;
    checks.push({ name: "speed", status: "ok", detail: `${speed}${gigaflops < 2 ? "; training will be slow" : ""}`, facts: { gigaflops } });
    checks.push(await checkTensorMemory());
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    checks.push({
      name: "backends",
      status: "problem",
      detail,
      fix: "install the packages again; @tensorflow/tfjs-backend-wasm runs everywhere",
    });
  }
  return checks;
}

function describe({ name, available, reason, version, native }: BackendProbe): DoctorCheck {
  const versions = [
    `tfjs ${version}`,
    ...(native === undefined ? [] : [`TensorFlow ${native.tensorflow}`, `device ${native.device}`, withKernels(native)]),
  ];
  const detail = available ? `loads: ${versions.join(", ")}` : `not here: ${reason ?? "unknown reason"}`;
  return { name: `backend ${name}`, status: available ? "ok" : "info", detail, facts: { available, version, ...native } };
}

/** Checks that the chosen backend computes attention, norms and log-probs in fused kernels. */
function describeKernels(chosen: BackendName, probe: BackendProbe | undefined): DoctorCheck {
  const name = "fused kernels";
  if (chosen === "wasm") return { name, status: "ok", detail: "yes, WebAssembly with SIMD", facts: { fused: true } };
  const fused = probe?.native?.kernels === true;
  const detail = fused ? "yes, compiled into TensorFlow's binding" : `no: each operation is several of ${chosen}'s`;
  return { name, status: fused ? "ok" : "info", detail, facts: { fused } };
}

/** Number of threads that the chosen backend computes with. */
function describeThreads(backend: BackendName, wasmThreads: number): DoctorCheck {
  const wanted = Number(process.env["TF_NUM_INTRAOP_THREADS"] ?? 0);
  const isNative = backend.startsWith("tfjs-node");
  const threads = isNative ? wanted || availableParallelism() : backend === "wasm" ? wasmThreads : 1;
  const setting = isNative ? " for products; TF_NUM_INTRAOP_THREADS sets another number" : "; `threads` in the config sets another number";
  const detail = backend === "cpu" ? "1" : `${threads}${setting}`;
  return { name: "threads", status: "info", detail, facts: { threads } };
}

/** Holds blocks of memory on the current backend at once, and sees that each keeps what was put in. */
async function checkTensorMemory(): Promise<DoctorCheck> {
  const tf = await import("@tensorflow/tfjs-core");
  const started = performance.now();
  const blocks: Tensor[] = [];
  const name = "tensor memory";
  try {
    for (let i = 0; i < MEMORY_BYTES / BLOCK_BYTES; i++) blocks.push(tf.tidy(() => tf.fill([BLOCK_BYTES / 4], i + 1)));
    for (const [i, block] of blocks.entries()) {
      const [first, last] = tf.tidy(() => [tf.slice(block, 0, 1).dataSync()[0], tf.slice(block, BLOCK_BYTES / 4 - 1, 1).dataSync()[0]]);
      if (first !== i + 1 || last !== i + 1) throw new Error(`block ${i} holds ${first} and ${last}`);
    }
    const seconds = (performance.now() - started) / 1000;
    const detail = `${formatBytes(MEMORY_BYTES)} filled and read in ${seconds.toFixed(2)} s`;
    return { name, status: "ok", detail, facts: { bytes: MEMORY_BYTES, seconds } };
  } catch (error) {
    const detail = `${blocks.length * BLOCK_BYTES} bytes were there: ${error instanceof Error ? error.message : String(error)}`;
    return { name, status: "problem", detail, fix: `close other programs, or give this process ${formatBytes(MEMORY_BYTES)} more` };
  } finally {
    tf.dispose(blocks);
  }
}

/** Billions of multiplications and additions a second on the current backend. */
async function measureMatMul(): Promise<number> {
  const tf = await import("@tensorflow/tfjs-core");
  const a = tf.fill([SIZE, SIZE], 0.5);
  const multiply = async () => {
    const product = tf.matMul(a, a);
    await product.data();
    product.dispose();
  };
  await multiply(); // warms up
  const started = performance.now();
  let runs = 0;
  while (performance.now() - started < MEASURE_MS) {
    await multiply();
    runs++;
  }
  a.dispose();
  return (runs * 2 * SIZE ** 3) / ((performance.now() - started) * 1e6);
}

/** Says that a binding has the fused kernels, or what gives it them. */
export function withKernels({ kernels, device }: NativeBackend): string {
  if (kernels) return "with fused kernels";
  return device === "gpu"
    ? "without fused kernels, which are for processors"
    : "without fused kernels: `retool native install` gives it them";
}
