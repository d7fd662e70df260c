import type { DoctorCheck } from "./doctor-check.js";

const REINSTALL = "install the packages again, and check that the processor's WebAssembly is not switched off";

/** Runs code in the sandbox and stops a loop in it. */
export async function checkSandbox(): Promise<DoctorCheck[]> {
  try {
    const { createSandbox } = await import("@retool-ts/sandbox");
    const started = performance.now();
    const sandbox = await createSandbox({ workers: 1 });
    try {
      const sum = await sandbox.run("1 + 1");
      const startMs = Math.round(performance.now() - started);
      const loop = await sandbox.run("for (;;) {}", { limits: { fuel: 50 } });
      const adds = sum.status === "ok" && sum.value === "2";
      const stops = loop.status === "fuel";
      return [
        verdict(
          "sandbox runs code",
          adds,
          adds ? `1 + 1 is 2, ${startMs} ms with the start` : `1 + 1 gave ${sum.status}: ${sum.feedback}`,
          { startMs },
        ),
        verdict(
          "sandbox stops loops",
          stops,
          stops ? `after ${loop.usage.fuel} ticks, ${Math.round(loop.usage.wallMs)} ms` : `an endless loop gave ${loop.status}`,
          {
            status: loop.status,
          },
        ),
      ];
    } finally {
      await sandbox.close();
    }
  } catch (error) {
    return [verdict("sandbox", false, error instanceof Error ? error.message : String(error), {})];
  }
}

/** Says which backends of Python are there; none is needed. */
export async function checkPython(): Promise<DoctorCheck[]> {
  const { pythonBackends } = await import("@retool-ts/sandbox");
  return pythonBackends().map((backend) => {
    const name = `python: ${backend.name}`;
    if (backend.isAvailable) return { name, status: "ok", detail: backend.detail, facts: backend };
    return { name, status: "info", detail: `unavailable, because ${backend.reason}`, facts: backend };
  });
}

function verdict(name: string, isGood: boolean, detail: string, facts: Readonly<Record<string, unknown>>): DoctorCheck {
  return isGood ? { name, status: "ok", detail, facts } : { name, status: "problem", detail, fix: REINSTALL, facts };
}
