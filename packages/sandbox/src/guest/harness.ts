import type { Clock } from "./clock.js";
import type { StreamName, Write } from "./console.js";
import { inspect } from "./inspect.js";
import { installLibrary } from "./libraries.js";
import { errorHead, readText } from "./inspect-entries.js";
import { cutText } from "./inspect-text.js";
import * as real from "./intrinsics.js";

/** The one function the host lends to a world. `text` is a JSON string, so that every character survives. */
export type Emit = (stream: StreamName, text: string) => void;

/** Characters of an error's message and of its stack that are reported. */
const MAX_MESSAGE = 2_000;
const MAX_STACK = 8_000;

interface HarnessParts {
  readonly emit: Emit;
  readonly clock: Clock;
  readonly setSeed: (seed: number) => void;
  readonly installMath: () => void;
}

type Outcome =
  | { readonly kind: "pending" }
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "error"; readonly error: unknown };

/** Functions that the host calls, in this order: begin, settle or fail, runNextTimer until false, report. */
export interface Harness {
  readonly write: Write;
  seed(seed: number): void;
  installMath(): void;
  installLibrary(name: string, exports: object): void;
  queueMicrotask(callback: () => unknown): void;
  begin(outputChars: number): void;
  settle(value: unknown): void;
  fail(error: unknown): void;
  runNextTimer(): boolean;
  report(): string;
}

/** Builds the harness of one world. */
export function createHarness({ emit, clock, setSeed, installMath }: HarnessParts): Harness {
  let charsLeft = 0;
  let outcome: Outcome = { kind: "pending" };
  const resolved = real.RealPromise.resolve();
  const fulfil = (value: unknown): void => {
    outcome = { kind: "value", value };
  };
  const reject = (error: unknown): void => {
    outcome = { kind: "error", error };
  };
  return {
    seed: setSeed,
    installMath,
    installLibrary,
    write(stream, text) {
      if (charsLeft < 0) return;
      const cut = text.length > charsLeft ? real.sliceText(text, 0, charsLeft + 1) : text;
      charsLeft -= text.length;
      emit(stream, real.stringify(cut));
    },
    queueMicrotask(callback) {
      if (typeof callback !== "function") throw new TypeError("the callback of queueMicrotask must be a function");
      const done = real.onSettled(resolved, () => void callback(), undefined);
      void real.onSettled(done, undefined, reject);
    },
    begin(outputChars) {
      charsLeft = outputChars;
      outcome = { kind: "pending" };
    },
    settle(value) {
      if (isPromise(value)) void real.onSettled(value, fulfil, reject);
      else fulfil(value);
    },
    fail: reject,
    runNextTimer: () => clock.runNextTimer(),
    report() {
      try {
        return real.stringify(describe(outcome, charsLeft));
      } catch {
        return real.stringify(record({ kind: "error", name: "Error", message: "the result cannot be shown", stack: "" }));
      }
    },
  };
}

function isPromise(value: unknown): value is Promise<unknown> {
  try {
    return value instanceof real.RealPromise;
  } catch {
    return false;
  }
}

function describe(outcome: Outcome, charsLeft: number): object {
  switch (outcome.kind) {
    case "pending":
      return record({ kind: "error", name: "Error", message: "the awaited promise never settles", stack: "" });
    case "value": {
      if (outcome.value === undefined) return record({ kind: "ok" });
      const text = inspect(outcome.value);
      const room = charsLeft > 0 ? charsLeft : 0;
      return record({ kind: "ok", value: cutText(text, room), valueChars: text.length });
    }
    case "error":
      return describeError(outcome.error);
  }
}

function describeError(error: unknown): object {
  if (typeof error !== "object" || error === null || !(error instanceof real.RealError)) {
    return record({ kind: "error", name: "Uncaught", message: cutText(inspect(error), MAX_MESSAGE), stack: "" });
  }
  const name = readText(error, "name") || "Error";
  const head = errorHead(error);
  const message = head === name ? "" : real.sliceText(head, name.length + 2);
  const stack = readText(error, "stack");
  return record({
    kind: "error",
    name: cutText(name, 100),
    message: cutText(message, MAX_MESSAGE),
    stack: cutText(stack, MAX_STACK),
  });
}

/** Without a prototype, so that no inherited `toJSON` is called when it is written. */
function record(fields: object): object {
  return { __proto__: null, ...fields };
}
