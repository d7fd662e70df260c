// Figures of the built Python backends, as parts of one JSON line; a backend that is absent gives nothing.
import { createSandbox, pythonBackends } from "../dist/index.js";

const TURNS = 200;
const REPEATS = 5;

/** Milliseconds of a warm turn in a session and of a stateless run, the best of a few repeats, for each backend that is there. */
export async function pythonFigures() {
  const figures = {};
  for (const backend of pythonBackends()) {
    if (!backend.isAvailable) continue;
    const sandbox = await createSandbox({ language: "python", python: { backend: backend.name } });
    const session = await sandbox.open();
    await session.run("n = 0\nitems = list(range(10_000))");
    figures[`python_${backend.name}_turn_ms`] = await best(TURNS, () => session.run("n += len(items)\nn"));
    figures[`python_${backend.name}_fresh_run_ms`] = await best(20, () => sandbox.run("1 + 1"));
    await sandbox.close();
  }
  return figures;
}

async function best(count, work) {
  let least = Infinity;
  for (let i = 0; i < REPEATS; i++) {
    const startMs = performance.now();
    for (let k = 0; k < count; k++) await work();
    least = Math.min(least, (performance.now() - startMs) / count);
  }
  return Number(least.toPrecision(3));
}
