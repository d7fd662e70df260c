import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExactJson } from "./json.js";

describe("parseExactJson", () => {
  test.each([
    ["9007199254740993", "9007199254740993"],
    ["9007199254740992", 9007199254740992], // 2⁵³ itself is held
    ["-9007199254740993", "-9007199254740993"],
    ["18446744073709551615", "18446744073709551615"],
    ["100000000000000000000", 1e20], // held to the last digit
    ["123456789012345680000", 123456789012345680000], // a double shows these digits
    ["0.1", 0.1],
    ["0.12345678901234568", 0.12345678901234568],
    ["0.123456789012345678901", "0.123456789012345678901"],
    ["3.14159265358979311600", "3.14159265358979311600"],
    ["1e400", "1e400"],
    ["1e-400", "1e-400"],
    ["1e21", 1e21],
    ["1.5E3", 1500],
    ["27.0", 27],
    ["-0.0", -0],
    ["0e5", 0],
  ])("%s is %j", (text, expected) => {
    expect(parseExactJson(text)).toEqual({ value: expected, kept: typeof expected === "string" ? [text] : [] });
    const nested = parseExactJson(`{"a": [ ${text} , "${text}"], "${text}": null}`);
    expect(nested.value).toEqual({ a: [expected, text], [text]: null });
  });

  test("digits in texts stay, escapes and all", () => {
    const row = { text: 'a "9007199254740993" \\ 9007199254740993', n: [1, 2] };
    expect(parseExactJson(JSON.stringify(row))).toEqual({ value: row, kept: [] });
  });

  test("what is no JSON is refused as by JSON.parse", () => {
    for (const text of ["", "{", "01234567890123456789", '{"a": 12345678901234567890', "12345678901234567890x"]) {
      expect(() => parseExactJson(text)).toThrow(SyntaxError);
    }
  });

  test("any value of JavaScript comes back, and any integer keeps its digits", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseExactJson(text).value).toEqual(JSON.parse(text));
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (n) => {
        expect(parseExactJson(`[${n}]`).value).toEqual([
          Number.isSafeInteger(Number(n)) || BigInt(Number(n)) === n ? Number(n) : String(n),
        ]);
      }),
    );
  });
});
