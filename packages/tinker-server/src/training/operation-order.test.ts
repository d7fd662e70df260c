import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { OperationOrder } from "./operation-order.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An order that writes down what ran. */
function recorded(next?: number) {
  const order = new OperationOrder({ gapTimeoutMs: 1000, ...(next !== undefined && { next }) });
  const ran: (number | string)[] = [];
  const push = (seq: number | undefined, name: number | string = seq!) =>
    order.push({ seq, run: async () => void ran.push(name), drop: (missing) => void ran.push(`${name} missed ${missing}`) });
  return { order, ran, push, settle: () => vi.advanceTimersByTimeAsync(0) };
}

test("runs by number, not by arrival", async () => {
  const { ran, push, settle } = recorded();
  for (const seq of [3, 5, 2, 4]) push(seq);
  await settle();
  expect(ran).toEqual([]);
  push(1);
  await settle();
  expect(ran).toEqual([1, 2, 3, 4, 5]);
});

test("one at a time, also when the next ones come meanwhile", async () => {
  const { order, ran, push, settle } = recorded();
  let end = () => {};
  order.push({ seq: 1, run: () => new Promise((resolve) => (end = resolve)), drop: () => {} });
  await settle();
  push(2);
  await settle();
  expect(ran).toEqual([]);
  end();
  await settle();
  expect(ran).toEqual([2]);
});

test("clients may begin at 0, and need not count", async () => {
  const { order, ran, push, settle } = recorded();
  push(0);
  push(undefined, "free");
  push(1);
  await settle();
  expect(ran).toEqual([0, "free", 1]);
  expect([order.isPast(0), order.isPast(1), order.isPast(2)]).toEqual([true, true, false]);
});

test("a number that never comes fails those behind it, and the count goes on", async () => {
  const { ran, push } = recorded(5);
  push(7);
  push(6);
  await vi.advanceTimersByTimeAsync(999);
  expect(ran).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(ran).toEqual(["6 missed 5", "7 missed 5"]);
  push(8);
  await vi.advanceTimersByTimeAsync(0);
  expect(ran).toEqual(["6 missed 5", "7 missed 5", 8]);
});

test("a number is awaited when it is next or others wait behind it", async () => {
  const { order, push } = recorded();
  push(4);
  expect([1, 2, 3, 4, 5].map((seq) => order.isAwaited(seq))).toEqual([true, true, true, false, false]);
  expect(order.size).toBe(1);
});
