import { expect, test } from "vitest";
import { InputError, RetoolError, ShapeError } from "./errors.js";
import { assertSameLength, assertShape } from "./shape.js";

test("a named axis must have one size across arguments", () => {
  const sizes = assertShape("logProbs", { shape: [2, 5] }, ["batch", "seqLen"]);
  expect(() => assertShape("mask", { shape: [2, 4] }, ["batch", "seqLen"], sizes)).toThrow(
    "mask: expected [batch=2, seqLen=5], got [2, 4]",
  );
});

test("rank and fixed sizes are checked", () => {
  expect(() => assertShape("x", { shape: [2] }, ["batch", 3])).toThrow(ShapeError);
  expect(() => assertShape("x", { shape: [2, 4] }, ["batch", 3])).toThrow("x: expected [batch=2, 3], got [2, 4]");
});

test("parallel arrays must agree", () => {
  expect(assertSameLength({ a: [1, 2], b: new Int32Array(2) })).toBe(2);
  expect(() => assertSameLength({ a: [1, 2], b: [1] })).toThrow("b: expected [2], got [1]");
});

test("errors carry a code, a cause and all that is needed to mend the input", () => {
  const cause = new Error("inner");
  const error = new InputError(
    { what: "config", where: "train.groupSize", expected: "a positive integer", found: "0", fix: "set it to 2 or more" },
    { cause },
  );
  expect(error.message).toBe("config: train.groupSize: expected a positive integer, found 0. To mend it: set it to 2 or more.");
  expect(error.cause).toBe(cause);
  expect(RetoolError.isInstance(error)).toBe(true);
  expect(RetoolError.isInstance(cause)).toBe(false);
  expect(RetoolError.isInstance(Object.assign(new Error("copy"), { [Symbol.for("@retool-ts/error")]: true }))).toBe(true);
});
