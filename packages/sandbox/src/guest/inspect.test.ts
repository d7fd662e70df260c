import { inspect as nodeInspect } from "node:util";
import { expect, test } from "vitest";
import { inspect } from "./inspect.js";

const asNode = (value: unknown): string =>
  nodeInspect(value, { depth: 4, breakLength: Infinity, compact: 100, maxArrayLength: 100, maxStringLength: 10_000 });

class Point {
  x = 1;
  y = "two";
}
class Empty {}
class Derived extends Array<number> {}
const withNullPrototype = Object.assign(Object.create(null) as object, { a: 1 });
const circular: { self?: unknown; list: unknown[] } = { list: [] };
circular.self = circular;
circular.list.push(circular);
const withSymbol = { [Symbol("tag")]: 1, "not-an-identifier": 2, 12: 3, "": 4 };
const nested = { a: { b: { c: { d: { e: { f: 1 } } } } } };

const same: readonly (readonly [name: string, value: unknown])[] = [
  ["numbers", [0, -0, 1.5, NaN, Infinity, 1e21, 123456789]],
  ["BigInt", [123n, -5n, 2n ** 64n]],
  ["strings", ["a", "it's", 'say "hi"', 'it\'s "both"', "all ' \" `", "tab\t nl\n nul\0 bell\u0007 \\ é 😀 \u2028", "\ud800x", "\x7f\x9f"]],
  ["primitives", [true, null, undefined, Symbol("s")]],
  ["empty containers", [[], {}, new Map(), new Set(), ""]],
  ["objects", { a: 1, b: "x", c: [1, { d: null }] }],
  ["odd keys", withSymbol],
  ["instances", [new Point(), new Empty(), withNullPrototype]],
  ["functions", [function named() {}, () => 1, class {}, Point, Derived, async function later() {}, function* many() {}]],
  [
    "collections",
    [
      new Map<unknown, unknown>([
        ["k", { v: 1 }],
        [2, [3]],
      ]),
      new Set([1, "a"]),
    ],
  ],
  ["typed arrays", [new Uint8Array([1, 2, 3]), new Float64Array([0.5])]],
  ["array subclasses", Derived.from([1, 2])],
  ["holes", [[1, , 3], new Array(3), [, , 5]]], // oxlint-disable-line no-sparse-arrays
  ["arrays with properties", Object.assign([1, 2], { extra: true })],
  ["long arrays", Array.from({ length: 101 }, (_, i) => i)],
  ["longer arrays", [Array.from({ length: 250 }, () => 0)]],
  ["depth", nested],
  ["depth of arrays", [[[[[[1]]]]]]],
  [
    "accessors",
    {
      get a() {
        return 1;
      },
      set b(_: number) {},
      get c() {
        return 1;
      },
      set c(_: number) {},
    },
  ],
  ["dates", [new Date(0), new Date(NaN)]],
  ["regular expressions", [/a+/gi]],
  ["boxed", [new Number(3), new String("abc"), new Boolean(false)]],
  ["weak", [new WeakMap(), new WeakSet()]],
  ["circular", circular],
];

test.each(same)("%s show as in Node", (_name, value) => {
  // Node sets many numbers in columns.
  const inOneLine = asNode(value).replace(/\n\s*|,\s+/g, (gap) => (gap.startsWith(",") ? ", " : " "));
  expect(inspect(value)).toBe(inOneLine);
});

test("errors show by name and message", () => {
  expect(inspect([new TypeError("bad"), new Error("")])).toBe("[ [TypeError: bad], [Error] ]");
});

test("a sparse array of any length is shown in bounded time", () => {
  expect(inspect(new Array(1e9))).toBe("[ <10000 empty items>, ... 999990000 more items ]");
});

test("a hostile object is shown without running its getters", () => {
  const hostile = Object.defineProperty({}, "boom", { enumerable: true, get: () => expect.unreachable() });
  expect(inspect(hostile)).toBe("{ boom: [Getter] }");
});
