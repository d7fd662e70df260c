import type { DoctorCheck } from "./doctor.js";

const SIZE = 512;
const MEASURE_MS = 1_000;

/** Which backends load, which one training would use, and how fast it multiplies matrices. */
export async function checkBackends(): Promise<DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  try {
    const { probeBackends, useBackend } = await import("@retool-ts/policy");
    const probes = await probeBackends();
    for (const { name, available, reason } of probes) {
      const detail = available ? "loads" : `not here: ${reason ?? "unknown reason"}`;
      checks.push({ name: `backend ${name}`.slice(0, 24), status: available ? "ok" : "info", detail, facts: { available } });
    }
    const chosen = await useBackend("auto");
    checks.push({ name: "chosen backend", status: "ok", detail: `${chosen} (backend: auto picks it)`, facts: { backend: chosen } });
    checks.push(
      chosen === "wasm"
        ? { name: "fused kernels", status: "ok", detail: "yes, WebAssembly with SIMD", facts: { fused: true } }
        : { name: "fused kernels", status: "info", detail: `no, ${chosen} has its own`, facts: { fused: false } },
    );
    const gigaflops = await measureMatMul();
    const speed = `${gigaflops.toFixed(1)} GFLOP/s, ${SIZE} × ${SIZE} matrices`;
    checks.push({ name: "speed", status: "ok", detail: `${speed}${gigaflops < 2 ? "; training will be slow" : ""}`, facts: { gigaflops } });
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
