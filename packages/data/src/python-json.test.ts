import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonTree, memberOf, pythonFloat, pythonJson } from "./python-json.js";

// What CPython 3.12's json.dumps(json.loads(text), ensure_ascii=False) gives.
test.each([
  ['{"x":1.0}', '{"x": 1.0}'],
  [
    '{"x":1e16,"y":100000.0,"z":1e-7,"w":-0.0,"v":0.1,"u":1E5}',
    '{"x": 1e+16, "y": 100000.0, "z": 1e-07, "w": -0.0, "v": 0.1, "u": 100000.0}',
  ],
  [
    "[123456789012345678, 0.0001, 0.00001, 1e15, 1.5e300, 123456.789, -0]",
    "[123456789012345678, 0.0001, 1e-05, 1000000000000000.0, 1.5e+300, 123456.789, 0]",
  ],
  ['{"b":1,"1":2,"0":[true,null]}', '{"b": 1, "1": 2, "0": [true, null]}'],
  ['{"a":1,"b":2,"a":3}', '{"a": 3, "b": 2}'],
  ['{"__proto__":{"a":1},"é/":"\\u00e9\\n\\u0001\\/\\""}', '{"__proto__": {"a": 1}, "é/": "é\\n\\u0001/\\""}'],
  ['"a"', '"a"'],
  ["{ }", "{}"],
])("%s", (text, expected) => {
  expect(pythonJson(jsonTree(text))).toBe(expected);
});

test("a float reads back as the same number", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => Object.is(Number(pythonFloat(value)), value)));
});

test("any JSON means what it meant", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.stringify(JSON.parse(pythonJson(jsonTree(text))))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("a member by its path", () => {
  const tree = jsonTree('{"a": [{"b": 1.0}]}');
  expect(pythonJson(memberOf(tree, ["a", 0, "b"])!)).toBe("1.0");
  expect(memberOf(tree, ["a", 1, "b"])).toBeUndefined();
});
