import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extractAnswer } from "./extract.js";

describe("extractAnswer", () => {
  test.each([
    ["so \\boxed{42}.", "boxed", "42"],
    ["\\boxed{1}, \\boxed{2} and $\\boxed{3}$", "boxed", "1, 2, 3"],
    ["\\boxed{1} is wrong; rather \\boxed{2}", "boxed", "2"],
    ["$\\boxed{5}$, $\\boxed{5}$", "boxed", "5"],
    ["\\fbox{\\frac{1}{2}}", "boxed", "\\frac{1}{2}"],
    ["<answer>\n 42 </answer>", "tag", "42"],
    ["<answer>\\boxed{42}</answer> 43", "boxed", "42"],
    ["The answer is 25. I hope it is correct.", "anchor", "25"],
    ["The answer is 2.5 cups.", "anchor", "2.5 cups"],
    ["The answer is $[2,5)$. I hope", "anchor", "[2,5)"],
    ["The answer is $$\\sin(x)$$", "anchor", "\\sin(x)"],
    ["**Answer:** \\(x+1\\)", "anchor", "x+1"],
    ["Answer:\n17\nmore", "anchor", "17"],
    ["thus the result is $2*\\pi*r$", "anchor", "2*\\pi*r"],
    ["a mixture with 1/3 pound of walnuts.", "number", "1/3"],
    ["it costs $5 a piece and $6 more\n#### 11", "anchor", "11"],
    ["it costs $5 and so we pay 3 * $5 = $15 in all", "number", "15"],
    ["\\boxed{1\\frac12} or \\boxed{\\frac32}", "boxed", "1\\frac12 or \\frac32"],
    ["we get $1/2$, and $3/4$", "expression", "3/4"],
    ["we get \\[x^2\\]", "expression", "x^2"],
    ["so 3 and then 1,234.5 apples", "number", "1,234.5"],
    ["", undefined, undefined],
    ["no idea", undefined, undefined],
    ["\\boxed{}", undefined, undefined],
  ])("%j: %s", (response, source, text) => {
    const found = extractAnswer(response);
    expect([found?.source, found?.text]).toEqual([source, text]);
  });

  test.each(["we get $1/2$, and $3/4$ now", "so \\(x+1\\) it is", "we get \\[x^2\\] then"])(
    "%j: its place takes in the delimiters",
    (response) => {
      const { start, end, text } = extractAnswer(response, { sources: ["expression"] })!;
      expect(response.slice(start, end)).toMatch(/^(?:\$.*\$|\\\(.*\\\)|\\\[.*\\\])$/);
      expect(response.slice(start, end)).toContain(text);
    },
  );

  test("sources and window are options", () => {
    const response = "The answer is 3. \\boxed{4}";
    expect(extractAnswer(response)?.text).toBe("4");
    expect(extractAnswer(response, { sources: ["anchor"] })?.text).toBe("3");
    expect(extractAnswer(`\\boxed{4}${" ".repeat(300)}5`, { window: 100 })).toEqual({ text: "5", source: "number", start: 309, end: 310 });
    expect(extractAnswer("5", { sources: ["boxed"] })).toBeUndefined();
  });

  test("spans lie in the response, whatever it is", () => {
    const pieces = fc.array(
      fc.constantFrom("\\boxed{", "}", "$", "answer is ", "<answer>", "</answer>", "4", " ", "\n", "\\(", "\\)", "."),
      {
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(pieces, fc.option(fc.nat({ max: 50 }), { nil: undefined }), (parts, window) => {
        const response = parts.join("");
        const found = extractAnswer(response, window === undefined ? {} : { window });
        if (found) expect(0 <= found.start && found.start < found.end && found.end <= response.length).toBe(true);
      }),
    );
  });

  test.each(["$", "\\boxed{1}", "answer is ", "<answer>", "1", "1,", "\\(", "\\boxed{", "</answer>"])(
    "100,000 times %j in linear time",
    (piece) => {
      expect(() => extractAnswer(piece.repeat(100_000))).not.toThrow();
    },
  );
});
