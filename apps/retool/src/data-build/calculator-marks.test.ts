import { describe, expect, test } from "vitest";
import { isValue, readMarks, withoutMarks } from "./calculator-marks.js";

const SOLUTION = "He picks 6 * 4 = <<6*4=24>>24 pears a day.\nThat makes $24 x 1,000 = $<<24*1000=24000>>24,000 in all.\n#### 24,000";

describe("calculator marks", () => {
  test("are read with the words before them; what a sentence says twice is left out", () => {
    expect(readMarks(SOLUTION)).toEqual({
      status: "read",
      steps: [
        { words: "He picks", expression: "6*4", value: "24" },
        { words: " pears a day.\nThat makes", expression: "24*1000", value: "24000" },
      ],
      end: " in all.",
      answer: "24000",
    });
  });

  test.each([
    ["She sold (6+4)/2 = <<(6+4)/2=5>>5.", "She sold"],
    ["With 3 cooks 6 dogs + 4 cats = <<6+4=10>>10 eat.", "With 3 cooks"],
    ["Half are 0.50 x 8 = <<.5*8=4>>4.", "Half are"],
    ["Twice as many are <<6*2=12>>12.", "Twice as many are"],
    ["In 2 years: 6 more = <<6+4=10>>10.", "In 2 years: 6 more"], // not the expression's numbers: nothing but the sign goes
    ["<<6+4=10>>10 eat.", ""],
  ])("%j: before it %j", (solution, words) => {
    const read = readMarks(`${solution}\n#### 1`);
    expect(read.status === "read" && read.steps[0]!.words).toBe(words);
  });

  test.each([
    ["<<6*4=24>>24 pears", " pears"],
    ["<<6*4=24>> $24.00 in all", " in all"],
    ["<<1/2=0.5>>.5 more", " more"],
    ["<<6*4=24>>240 pears", "240 pears"],
    ["<<6*4=24>> pears, 24 in all", " pears, 24 in all"],
  ])("%j: behind it %j", (solution, end) => {
    const read = readMarks(`${solution}\n#### 1`);
    expect(read.status === "read" && read.end).toBe(end);
  });

  test("lose blanks, dollar signs and commas of thousands; per cent is a division", () => {
    const read = readMarks("<< 20% * $1,500 = $300 >>\n#### $1,300");
    expect(read).toMatchObject({ steps: [{ expression: "(20/100)*1500", value: "300" }], answer: "1300" });
  });

  test.each([
    ["noMarks", "Two.\n#### 2"],
    ["noAnswer", "<<1+1=2>>2"],
    ["notArithmetic", "<<2x=4>>4\n#### 4"],
    ["notArithmetic", "<<7//2=3>>3\n#### 3"],
    ["notArithmetic", "<<process.exit()=3>>3\n#### 3"],
  ])("%s: %j", (reason, solution) => {
    expect(readMarks(solution)).toMatchObject({ status: "unread", reason });
  });
});

test("a solution without its marks keeps every sentence", () => {
  expect(withoutMarks(SOLUTION)).toBe("He picks 6 * 4 = 24 pears a day.\nThat makes $24 x 1,000 = $24,000 in all.");
});

test.each([
  ["14", "14", true],
  ["0.30000000000000004", ".3", true],
  ["3.3333333333333335", "3.33", false],
  ["NaN", "14", false],
  ["Infinity", "14", false],
  ["", "0", false],
  ["0", "", false],
  ["14", "fourteen", false],
])("%j for %j: %s", (printed, stated, same) => {
  expect(isValue(printed, stated)).toBe(same);
});
