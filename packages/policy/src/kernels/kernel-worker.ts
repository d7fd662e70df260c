/** Places in the numbers that say what is to be computed. All threads read them with atomic operations. */
export const PLACES = {
  /** Parts that no thread has taken yet in its last byte, and a number of the work before it. */
  ticket: 0,
  /** Parts that are done. */
  done: 1,
  /** 1 when a part failed. */
  failed: 2,
  kernel: 3,
  /** Arguments of a part. */
  count: 4,
  /** Which of the arguments is scratch memory; −1: none. */
  scratch: 5,
  /** Floats of it for each thread. */
  scratchFloats: 6,
} as const;

/** Looks of an idle thread for new work before it sleeps: about as long as JavaScript takes between two kernels. */
const LOOKS = 4_000;

/**
 * Program of a thread that computes parts of kernels, in plain JavaScript: no loader of the program that starts it is there. It finds what it
 * works on in `data`. A part is taken by lowering the ticket. What belongs to the work is read after that: it stays as it is until all parts
 * that were taken are done.
 */
export const KERNEL_WORKER = `
const { memory, module, names, control, numbers, thread } = data;
const exported = new WebAssembly.Instance(module, { env: { memory } }).exports;
const kernels = names.map((name) => exported[name]);
for (;;) {
  let ticket = Atomics.load(control, ${PLACES.ticket});
  for (let look = 0; (ticket & 255) === 0 && look < ${LOOKS}; look++) ticket = Atomics.load(control, ${PLACES.ticket});
  if ((ticket & 255) === 0) {
    Atomics.wait(control, ${PLACES.ticket}, ticket);
    continue;
  }
  if (Atomics.compareExchange(control, ${PLACES.ticket}, ticket, ticket - 1) !== ticket) continue;
  const [kernel, count, scratch, floats] = control.subarray(${PLACES.kernel}, ${PLACES.scratchFloats + 1});
  const first = ((ticket & 255) - 1) * count;
  const args = Array.from(numbers.subarray(first, first + count));
  if (scratch >= 0) args[scratch] += 4 * floats * thread;
  try {
    kernels[kernel](...args);
  } catch {
    Atomics.store(control, ${PLACES.failed}, 1);
  }
  Atomics.add(control, ${PLACES.done}, 1);
  Atomics.notify(control, ${PLACES.done});
}
`;
