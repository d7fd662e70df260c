import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isValue, readMarks, stepsAsCode, stepsAsText } from "./calculator-marks.js";

const SOLUTION = "He picks 6*4 = <<6*4=24>>24 pears.\nHe keeps 24-10 = <<24-10=14>>14 of them.\n#### 14";

function stepsOf(...marks: readonly string[]) {
  const read = readMarks(`${marks.map((mark) => `<<${mark}>>`).join("\n")}\n#### 1`);
  if (read.status === "unread") throw new Error(read.detail);
  return read.steps;
}

describe("calculator marks", () => {
  test("are read with their values, and the answer behind ####", () => {
    expect(readMarks(SOLUTION)).toEqual({
      status: "read",
      steps: [
        { expression: "6*4", value: "24" },
        { expression: "24-10", value: "14" },
      ],
      answer: "14",
    });
  });

  test("lose blanks, dollar signs and commas of thousands; per cent is a division", () => {
    expect(readMarks("<< 20% * $1,500 = $300 >>\n#### 1,300")).toEqual({
      status: "read",
      steps: [{ expression: "(20/100)*1500", value: "300" }],
      answer: "1300",
    });
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

describe("steps as code", () => {
  test.each([
    [["6*4=24"], "6*4"],
    [["6*4=24", "24-10=14"], "a=6*4\na-10"],
    [["6*4=24", "24-10=14", "24+14=38"], "a=6*4\nb=a-10\na+b"],
    [["10-5=5", "20-15=5", "5*2=10"], "a=10-5\nb=20-15\nb*2"], // the latest
    [["1/2=.5", "0.50*8=4"], "a=1/2\na*8"], // the number, however it is written
    [["2*2=4", "4+44=48"], "a=2*2\na+44"], // whole numbers only
    [["6*4=24", "(24-10)*2=28"], "a=6*4;\n(a-10)*2"], // else a call of the line before
    [["6*4=24", "-24+30=6"], "a=6*4;\n-a+30"],
  ])("%j", (marks, code) => {
    expect(stepsAsCode(stepsOf(...marks))).toBe(code);
  });

  test("more steps than letters have different names", () => {
    const code = stepsAsCode(stepsOf(...Array.from({ length: 60 }, (_, i) => `${i}+1000=${i + 1000}`)));
    const names = code.split("\n").flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
    expect(new Set(names).size).toBe(59);
  });

  test("come to the last mark's value in another engine, whatever the steps", () => {
    const operand = fc.constantFrom("1", "2", "3", "7", "0.5", "(1+2)", "(10-4)");
    const step = fc.record({ first: operand, second: operand, sign: fc.constantFrom("+", "-", "*", "/"), reuse: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (drawn) => {
        const marks: string[] = [];
        let last = "";
        for (const { first, second, sign, reuse } of drawn) {
          const expression = `${reuse && last !== "" && /^\d+(\.\d+)?$/.test(last) ? last : first}${sign}${second}`;
          last = String(runInNewContext(expression));
          marks.push(`${expression}=${last}`);
        }
        expect(isValue(String(runInNewContext(stepsAsCode(stepsOf(...marks)))), last)).toBe(true);
      }),
    );
  });
});

test("steps as text keep their results", () => {
  expect(stepsAsText(stepsOf("6*4=24", "24-10=14"))).toBe("6*4=24\n24-10=14");
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
