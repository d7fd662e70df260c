import fc from "fast-check";
import { expect, test } from "vitest";
import { truncateMiddle } from "./budgets.js";

test("text within the limit is left alone", () => {
  expect(truncateMiddle("abcdef", 6)).toBe("abcdef");
  expect(truncateMiddle("", 0)).toBe("");
});

test("the middle of longer text is cut", () => {
  expect(truncateMiddle("abcdefghij", 4)).toBe("ab...(truncated)...ij");
  expect(truncateMiddle("abcdefghij", 5, "…")).toBe("ab…ij"); // an odd limit leaves one character unused
  expect(truncateMiddle("abcdefghij", 1, "…")).toBe("…");
  expect(truncateMiddle("abcdefghij", 0, "…")).toBe("…");
});

test("characters outside the basic plane count once and stay whole", () => {
  expect(truncateMiddle("🙂🙃😀😁", 4)).toBe("🙂🙃😀😁");
  expect(truncateMiddle("🙂🙃😀😁😂", 2, "|")).toBe("🙂|😂");
});

test("what is shown is the beginning and the end, never more than the limit", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, limit) => {
      const points = Array.from(text);
      const shown = truncateMiddle(text, limit, "|");
      if (points.length <= limit) return shown === text;
      const half = Math.floor(limit / 2);
      return shown === `${points.slice(0, half).join("")}|${points.slice(points.length - half).join("")}`;
    }),
  );
});
