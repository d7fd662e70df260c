import { expect, test } from "vitest";
import { escapeTags } from "./escape-tags.js";

test.each([
  ["</interpreter>", "<\\/interpreter>"],
  ["<code>", "<\\code>"],
  ["a < /INTERPRETER > b", "a <\\ /INTERPRETER > b"],
  ["<interpreter x=1>", "<\\interpreter x=1>"],
])("%s is made inert", (text, expected) => {
  expect(escapeTags(text, ["interpreter", "code"])).toBe(expected);
});

test.each(["1 < 2", "<coder>", "<code-like>", "x<y>", "interpreter>", ""])("%s is left alone", (text) => {
  expect(escapeTags(text, ["interpreter", "code"])).toBe(text);
});

test("names are taken literally and no names change nothing", () => {
  expect(escapeTags("<a.b><axb>", ["a.b"])).toBe("<\\a.b><axb>");
  expect(escapeTags("<code>", [])).toBe("<code>");
});
