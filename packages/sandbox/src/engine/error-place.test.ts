import { expect, test } from "vitest";
import { placeError } from "./error-place.js";

const at = (source: string, place: string, message = "not a function") =>
  placeError(
    { name: "TypeError", message, stack: `    at f (cell-2.js:${place})\n    at <eval> (cell-1.js:9)\n` },
    { source, fileName: "cell-2.js", firstLineShift: 0 },
  );

test.each([
  ["x(3)", "1:2", "x is not a function"],
  ["a\no.a.go(1)", "2:7", "o.a.go is not a function"],
  ["[1].foo(2)", "1:8", "(intermediate value).foo is not a function"],
  ["a?.b(2)", "1:5", "a?.b is not a function"],
  ["new 5", "1:5", "not a function"],
  ["(() => 5)()()", "1:12", "not a function"],
  ["x(3)", "7:2", "not a function"],
])("%j at %s", (source, place, message) => {
  expect(at(source, place).message).toBe(message);
});

test("other messages are left alone, and the frame is the innermost of the cell", () => {
  expect(at("x(3)", "1:2", "bad")).toEqual({ name: "TypeError", message: "bad", line: 1, column: 2 });
});

test("an error from elsewhere has no place", () => {
  const error = { name: "Error", message: "m", stack: "    at g (cell-1.js:1:1)" };
  expect(placeError(error, { source: "g()", fileName: "cell-2.js", firstLineShift: 0 })).toEqual({ name: "Error", message: "m" });
});

test("what was put before the first line does not count", () => {
  const error = { name: "Error", message: "m", stack: "    at <eval> (cell-1.js:1:15)" };
  expect(placeError(error, { source: "x", fileName: "cell-1.js", firstLineShift: 10 })).toMatchObject({ line: 1, column: 5 });
});
