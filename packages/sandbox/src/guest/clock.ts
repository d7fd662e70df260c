import * as real from "./intrinsics.js";
import { define } from "./define.js";

/** First value of `Date.now()`: 2025-01-01T00:00:00Z, in milliseconds. */
const EPOCH_MS = 1_735_689_600_000;

interface Timer {
  readonly id: number;
  readonly dueMs: number;
  readonly everyMs: number | undefined;
  readonly call: () => void;
}

/** Time that advances only when it is read, by one millisecond, or slept through by a timer. */
export interface Clock {
  /** Runs the earliest timer; false when none is left. */
  runNextTimer(): boolean;
}

/** Puts a fixed `Date`, `performance.now` and timers on virtual time into the world. */
export function installClock(world: object): Clock {
  let nowMs = EPOCH_MS;
  const read = (): number => nowMs++;
  installDate(world, read);
  define(world, "performance", real.freeze({ now: () => read() - EPOCH_MS, timeOrigin: EPOCH_MS }));

  const timers: Timer[] = []; // by due time, then by age
  let lastId = 0;
  const add = (timer: Timer): void => {
    let at = timers.length;
    while (at > 0 && timers[at - 1]!.dueMs > timer.dueMs) {
      timers[at] = timers[at - 1]!;
      at--;
    }
    timers[at] = timer;
  };
  const remove = (id: unknown): void => {
    let kept = 0;
    for (let i = 0; i < timers.length; i++) if (timers[i]!.id !== id) timers[kept++] = timers[i]!;
    timers.length = kept;
  };
  const start =
    (repeat: boolean) =>
    (callback: unknown, delay?: unknown, ...args: unknown[]): number => {
      if (typeof callback !== "function") throw new TypeError("the callback of a timer must be a function");
      const delayMs = typeof delay === "number" && delay >= 1 ? real.floor(delay) : 1;
      const id = ++lastId;
      const call = (): void => real.apply(callback, undefined, args);
      add({ id, dueMs: nowMs + delayMs, everyMs: repeat ? delayMs : undefined, call });
      return id;
    };
  const startOnce = start(false);
  define(world, "setTimeout", startOnce);
  define(world, "setInterval", start(true));
  define(world, "setImmediate", (callback: unknown, ...args: unknown[]) => startOnce(callback, 0, ...args));
  for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) define(world, name, remove);

  return {
    runNextTimer() {
      const timer = timers[0];
      if (timer === undefined) return false;
      remove(timer.id);
      if (timer.dueMs > nowMs) nowMs = timer.dueMs;
      if (timer.everyMs !== undefined) add({ ...timer, dueMs: nowMs + timer.everyMs });
      timer.call();
      return true;
    },
  };
}

function installDate(world: object, read: () => number): void {
  const FixedDate = function (this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) return new real.RealDate(read()).toString();
    return real.construct(real.RealDate, args.length > 0 ? args : [read()], new.target as unknown as new () => unknown);
  };
  const { UTC, parse } = real.RealDate;
  for (const [name, value] of [
    ["UTC", UTC],
    ["parse", parse],
    ["now", read],
  ] as const)
    define(FixedDate, name, value);
  real.defineProperty(FixedDate, "name", { value: "Date" });
  real.defineProperty(FixedDate, "length", { value: 7 });
  real.defineProperty(FixedDate, "prototype", { value: real.RealDate.prototype, writable: false });
  define(real.RealDate.prototype, "constructor", FixedDate);
  define(world, "Date", FixedDate);
}

/** Replaces `Math.random` by a seeded generator (sfc32); the returned function sets its seed. */
export function installRandom(): (seed: number) => void {
  let a = 0;
  let b = 0;
  let c = 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  // 53 bits: 21 above, 32 below.
  define(Math, "random", () => (real.floor(next() / 2048) * 2 ** 32 + next()) / 2 ** 53);
  return (seed) => {
    a = seed | 0;
    b = real.floor(seed / 2 ** 32) | 0;
    c = 0x9e3779b9 | 0;
    counter = 1;
    for (let i = 0; i < 12; i++) next();
  };
}
