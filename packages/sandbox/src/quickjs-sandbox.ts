import { availableParallelism } from "node:os";
import { checkedPreload } from "./libraries.js";
import { readLibraries } from "./library-files.js";
import { resolveLimits } from "./limits.js";
import { PooledSandbox } from "./pooled-sandbox.js";
import { assertWorkers, checkedSeed } from "./run-arguments.js";
import type { Sandbox, SandboxOptions } from "./sandbox.js";
import { fingerprintOf } from "./engine/snapshot.js";
import { SupervisedPool } from "./pool/supervised-pool.js";
import { loadWorkerFiles } from "./worker-files.js";

/**
 * Makes a sandbox that runs JavaScript in QuickJS, compiled to WebAssembly, inside worker threads,
 * under a supervisor's thread that ends what overstays. It resolves when
 * the first worker can run code. Workers that have nothing to do do not keep the process alive.
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { workers = 1, seed = 0, prelude = "math", preload = [] } = options;
  assertWorkers(workers, availableParallelism());
  const limits = resolveLimits(options.limits);
  const libraries = await readLibraries(checkedPreload(preload));
  const { supervisor, worker, ...engine } = await loadWorkerFiles();
  const pool = new SupervisedPool({ supervisor, worker: worker.href, workers, ...engine, prelude, libraries, limits });
  const firstSeed = checkedSeed(seed);
  const base = await pool.start();
  return new PooledSandbox(pool, { workers, seed: firstSeed, limits, base, fingerprint: await fingerprintOf(base) });
}
