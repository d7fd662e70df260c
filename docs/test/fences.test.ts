import { describe, expect, test } from "vitest";
import { collectFences, commentText, fenceModule } from "./fences.js";

describe("collectFences", () => {
  test("takes blocks marked `ts test`, with the line they open on", () => {
    const markdown = ["# Title", "```ts", "ignored();", "```", "", "```ts test", "const a = 1;", "a; // => 1", "```"].join("\n");
    expect(collectFences(markdown)).toEqual([{ line: 6, code: "const a = 1;\na; // => 1" }]);
  });

  test("leaves alone a fence shown inside a longer one", () => {
    expect(collectFences(["````md", "```ts test", "shown;", "```", "````"].join("\n"))).toEqual([]);
  });

  test("refuses a fence that is never closed", () => {
    expect(() => collectFences("text\n```ts test\na;")).toThrow("line 2: this fence is never closed");
  });
});

test("a doc comment's fence keeps the line numbers of its source", () => {
  const source = ["const x = 1;", "/**", " * Adds.", " *", " * ```ts test", " * add(1, 2); // => 3", " * ```", " */", "function add() {}"];
  expect(collectFences(commentText(source.join("\n")))).toEqual([{ line: 5, code: "add(1, 2); // => 3" }]);
});

describe("fenceModule", () => {
  const lastLine = (code: string) => fenceModule({ line: 1, code }).trimEnd().split("\n").at(-1);

  test.each([
    ["add(1, 2); // => 3", "expect(add(1, 2)).toEqual(3);"],
    ["await load(); // => { a: [1] }", "expect(await load()).toEqual({ a: [1] });"],
    ["const sum = add(1, 2); // => 3", "const sum = add(1, 2); expect(sum).toEqual(3);"],
    ["mean(); // => ≈ [0.25, -1.5, 2]", "expect(mean()).toEqual([expect.closeTo(0.25, 2), expect.closeTo(-1.5, 1), 2]);"],
    ['parse("x"); // => throws "bad x"', 'await expect((async () => (parse("x")))()).rejects.toThrow("bad x");'],
  ])("%s", (code, expected) => {
    expect(lastLine(code)).toBe(expected);
  });

  test("keeps the document's line numbers", () => {
    const module = fenceModule({ line: 4, code: "first();\nsecond(\n  1,\n); // => 2" }).split("\n");
    expect(module[4]).toBe("first();");
    expect(module.slice(5, 8)).toEqual(["expect(second(", "  1,", ")).toEqual(2);"]);
  });

  test.each(["// => 3", "if (x) {} // => 3", "const { a } = b; // => 3", 'const a = b; // => throws "x"', "call(a, // => 3\n  b);"])(
    "refuses a promise about nothing: %s",
    (code) => {
      expect(() => fenceModule({ line: 7, code })).toThrow('line 8: "// =>" must follow');
    },
  );
});
