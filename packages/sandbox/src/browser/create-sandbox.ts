import { heapEndAddress } from "../engine/heap-end.js";
import { meteredEngine } from "../engine/metered-engine.js";
import { resolveLimits, type Limits } from "../limits.js";
import { PooledSandbox } from "../pooled-sandbox.js";
import { assertWorkers, checkedSeed } from "../run-arguments.js";
import type { Sandbox, SandboxOptions } from "../sandbox.js";
import { fingerprintOf } from "../engine/snapshot.js";
import { webAssembly } from "../web-assembly.js";
import { browserThreads } from "./browser-thread.js";
import { InlinePool } from "./inline-pool.js";

/** Written into the file when it is built: the worker's and the guest's source, and the engine in base64. */
declare const EMBEDDED_WORKER: string;
declare const EMBEDDED_GUEST: string;
declare const EMBEDDED_ENGINE: string;

/** A worker of a browser has less stack than one of Node is given: the guest's must end first. */
const BROWSER_STACK_BYTES = 128 * 2 ** 10;

/** Options of {@link createSandbox}, as in Node but without libraries. */
export type BrowserSandboxOptions = Omit<SandboxOptions, "preload">;

/**
 * Makes a sandbox that runs JavaScript in QuickJS inside Web Workers. Deadlines are kept by the page's own thread: while that computes
 * nothing is killed, and nothing that ended in time is either. Needs a secure context, and a content security policy that allows
 * workers from `blob:` and WebAssembly.
 */
export async function createSandbox({ workers = 1, seed = 0, prelude = "math", limits }: BrowserSandboxOptions = {}): Promise<Sandbox> {
  assertWorkers(workers);
  const own: Limits = resolveLimits(limits, resolveLimits({ stackBytes: BROWSER_STACK_BYTES }));
  const firstSeed = checkedSeed(seed);
  const engine = Uint8Array.from(atob(EMBEDDED_ENGINE), (letter) => letter.charCodeAt(0));
  const wasmModule = await webAssembly.compile(meteredEngine(engine));
  const setup = {
    wasmModule,
    heapEndAt: heapEndAddress(engine),
    guestSource: EMBEDDED_GUEST,
    prelude,
    libraries: [],
    limits: own,
    base: undefined,
  };
  const pool = new InlinePool(workers, browserThreads(EMBEDDED_WORKER), setup);
  const base = await pool.start();
  return new PooledSandbox(pool, { workers, seed: firstSeed, limits: own, base, fingerprint: await fingerprintOf(base) });
}
