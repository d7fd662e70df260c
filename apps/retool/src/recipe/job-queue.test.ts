import { expect, test } from "vitest";
import { runQueue } from "./job-queue.js";

/** Ends when its signal is aborted. */
const untilStopped = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));

test("items begin in order, as many at once as there are workers", async () => {
  const begun: number[] = [];
  let [atWork, most] = [0, 0];
  await runQueue([1, 2, 3, 4, 5], 2, new AbortController().signal, async (item) => {
    begun.push(item);
    most = Math.max(most, ++atWork);
    await Promise.resolve();
    atWork--;
  });
  expect(begun).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test("after a failure what is underway is told to stop and awaited, and nothing new begins", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const queue = runQueue([1, 2, 3], 2, new AbortController().signal, async (item, signal) => {
    begun.push(item);
    if (item === 2) throw new Error("broken");
    await untilStopped(signal).finally(() => ended.push(item));
  });
  await expect(queue).rejects.toThrow("broken");
  expect([begun, ended]).toEqual([[1, 2], [1]]);
});

test("an interruption reaches what is underway; where that ends well all the same, the interruption is thrown", async () => {
  const controller = new AbortController();
  const queue = runQueue([1, 2], 1, controller.signal, async (_, signal) => {
    setTimeout(() => controller.abort(new Error("interrupted")), 0);
    await untilStopped(signal).catch(() => undefined);
  });
  await expect(queue).rejects.toThrow("interrupted");
});
