import { availableParallelism } from "node:os";

/** Most threads where nobody says how many: beyond it, parts of a small model's work are not worth a thread. */
const MOST_THREADS = 8;

/** Threads for wasm on this machine: one a core. They share each kernel's work with the thread that waits for it, and sleep in between. */
export function usableThreads(): number {
  return Math.min(availableParallelism(), MOST_THREADS);
}
