import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { verifyAnswer } from "./verify-answer.js";

const repeat = (text: string, count: number) => text.repeat(count);
const list = (count: number, item: (index: number) => string) => Array.from({ length: count }, (_, index) => item(index));

const hostile: readonly string[] = [
  "9^{9^{9^9}}", "10^{10^{10}}", "100000!", "\\sum_{k=1}^{10^9}", "2^{10^7}\\bmod 7", "2^{10^7}", repeat("{", 1e5), repeat("}", 1e5),
  repeat("9", 1e5), repeat("\\frac{", 2e4), repeat("\\sqrt", 2e4), repeat("\\sqrt{", 300), `\\{${list(10_000, String).join(",")}\\}`,
  repeat("(", 2_000), repeat("-", 4_000), `3${repeat("!", 3_000)}`, `2${repeat("^2", 1_000)}`, `${repeat("1+", 1_900)}1`,
  repeat("\\sqrt2+", 500), list(200, (i) => `\\sqrt{${i + 2}}`).join("+"), list(12, (i) => `\\sqrt{${i * 7 + 10_000_001}}`).join("+"),
  "e^{e^{e^{10}}}", "e^{-1000000}", "\\sin(10^{3000})", "\\ln(10^{3000})", `${repeat("\\sin ", 50)}1`, `${repeat("e^", 50)}1`,
  "\\pi^{\\pi^{\\pi}}", "(\\sqrt2+1)^{10000}", "(x+y+z)^{10000}", "x^{10^{100}}", repeat("(x+1)", 500), repeat("\\sin(x)", 200),
  "\\binom{10^9}{5\\cdot 10^8}", repeat("a ", 2_000), repeat("a x ", 25_000), repeat("|x", 1_900), repeat("1,", 1_900), repeat("\\frac12", 500),
  `\\frac{1}{${repeat("9", 1_900)}}+\\frac{1}{${repeat("7", 1_900)}}`, `\\gcd(${repeat("9", 1_900)},${repeat("7", 1_899)})`, "1e4999",
  list(30, (i) => `\\ln(${i + 2})`).join("+"), list(100, (i) => `\\sin(${i + 2})`).join("+"), repeat("√", 3_000), repeat("\\begin{pmatrix}", 200),
]; // prettier-ignore

/** CPU milliseconds of one call: the least of a few, so that compiling and other processes do not count. */
function cpuMs(call: () => void): number {
  let least = Infinity;
  for (let attempt = 0; attempt < 5 && least > MAX_CPU_MS; attempt++) {
    const start = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

/** Blow-ups take minutes. The bench tells the worst case, which a busy machine would make longer. */
const MAX_CPU_MS = 2_000;
const STATUSES = new Set(["correct", "wrong", "unparsableGold", "unparsablePrediction", "undecided"]);

describe("verifyAnswer", () => {
  test.each(hostile.map((text) => [text.length > 40 ? `${text.slice(0, 40)}… (${text.length})` : text, text]))("bounded: %s", (_, text) => {
    for (const other of ["7", "\\sqrt2", "x+1", "\\{1,2\\}", "x>1"]) {
      expect(verifyAnswer(other, text).status).not.toBe("correct");
      expect(verifyAnswer(text, other).status).not.toBe("correct");
      expect(cpuMs(() => verifyAnswer(other, text))).toBeLessThan(MAX_CPU_MS);
      expect(cpuMs(() => verifyAnswer(text, other))).toBeLessThan(MAX_CPU_MS);
    }
    for (const change of ["+0", "+x-x", "+\\sin x", "+\\sqrt2"])
      expect(cpuMs(() => verifyAnswer(text, text + change))).toBeLessThan(MAX_CPU_MS);
  });

  const pieces = fc.constantFrom(
    ..."\\frac \\sqrt { } ( ) [ ] \\{ \\} 1 2 9 x y e i \\pi ^ _ + - * / = < , . ! % \\pm \\cup \\infty \\le \\sin \\ln \\log \\text{ \\begin{pmatrix} \\end{pmatrix} & \\\\ \\circ | : ° é or and million".split(" "),
    " ",
  ); // prettier-ignore
  /** Well-formed mathematics, as large and deep as it gets. */
  const { formula } = fc.letrec<{ formula: string }>((tie) => {
    const inner = tie("formula");
    const wrap = (...parts: readonly string[]) => fc.tuple(...parts.slice(1).map(() => inner)).map((items) => parts.reduce((text, part, index) => text + items[index - 1]! + part)); // prettier-ignore
    return {
      formula: fc.oneof(
        { depthSize: "large", withCrossShrink: true, maxDepth: 7 },
        fc.constantFrom("x", "y", "n", "2", "7", "10", "99999", "0.5", "\\pi", "e", "i", "\\infty", "10^{30}", "4000!", "3^{9999}"),
        wrap("\\frac{", "}{", "}"), wrap("\\sqrt{", "}"), wrap("\\sqrt[7]{", "}"), wrap("(", ")^{", "}"), wrap("{", "}+{", "}"), wrap("(", ")(", ")"),
        wrap("\\sin(", ")"), wrap("\\arctan(", ")"), wrap("\\ln(", ")"), wrap("e^{", "}"), wrap("(", ")!"), wrap("\\binom{", "}{", "}"), wrap("|", "|"),
        wrap("\\log_{", "}{", "}"), wrap("\\{", ",", ",", "\\}"), wrap("(", ",", "]"), wrap("", "\\cup ", ""), wrap("x<", " or x>", ""), wrap("", "=", ""),
        wrap("", "\\pm ", ""), wrap("", ",", ""), wrap("\\begin{vmatrix}", "&", "\\\\", "&", "\\end{vmatrix}"), wrap("\\mathbb{R}\\setminus[", ",", "]"),
        wrap("", "\\bmod ", ""), wrap("\\lfloor ", "\\rfloor"), wrap("-", ""), wrap("", ":", ""), wrap("", "\\%"), wrap("", "^\\circ"),
      ), // prettier-ignore
    };
  });
  const anyText = fc.oneof(
    fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join("")),
    fc.array(pieces, { minLength: 200, maxLength: 900, size: "max" }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", maxLength: 2_000, size: "max" }),
    fc.string({ maxLength: 2_000, size: "max" }),
    fc.tuple(formula, fc.nat({ max: 400 })).map(([text, times]) => text.repeat(times)),
    formula,
    formula,
  ).map((text) => text.slice(0, 2_000)); // prettier-ignore
  const change = fc.constantFrom("+0", "+1", "+x-x", "-\\sqrt{2}", "+10^{-40}", "\\cdot 1");
  const pair = fc.oneof(
    fc.tuple(anyText, anyText),
    fc.tuple(anyText, change).map(([text, end]) => [text, text + end] as const),
  );

  test("never throws, says one of five things, and comes to an end", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(pair, fc.boolean(), ([gold, prediction], strict) => {
        expect(STATUSES.has(verifyAnswer(gold, prediction, { strict }).status)).toBe(true);
        expect(cpuMs(() => verifyAnswer(gold, prediction, { strict }))).toBeLessThanOrEqual(MAX_CPU_MS);
      }),
      { numRuns: 600 },
    );
  });

  test.each([
    "9",
    "a",
    "A1",
    "{",
    "(",
    "\\",
    " ",
    "1,",
    "1 ",
    "x or ",
    "\\text{a}",
    "$",
    "**",
    ".",
    "é",
    "-",
    "\\, ",
    "a b ",
    "1.5 ",
    "yes ",
  ])("100 kB of %j cost no more than reading them", (piece) => {
    const text = piece.repeat(Math.ceil(100_000 / piece.length));
    for (const [gold, prediction] of [[text, "5"], ["5", text], ["\\text{(C)}", text], ["yes", text], ["3:45", text], ["\\text{east}", text], [text, text]] as const)
        expect(cpuMs(() => verifyAnswer(gold, prediction))).toBeLessThan(MAX_CPU_MS); // prettier-ignore
  });

  test("agrees with BigInt on fractions", () => {
    const whole = fc.integer({ min: -50, max: 50 });
    const below = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(whole, below, whole, below, (a, b, c, d) => {
        const isEqual = a * d === b * c;
        expect(verifyAnswer(`\\frac{${a}}{${b}}`, `${c}/${d}`).status === "correct").toBe(isEqual);
        expect(verifyAnswer(`${a}+${b}\\sqrt{2}`, `${c}+${d}\\sqrt{2}`).status === "correct").toBe(a === c && b === d);
        expect(verifyAnswer(`${a}\\pi+${b}x`, `${d}x+${c}\\pi`).status === "correct").toBe(a === c && b === d);
      }),
      { numRuns: 200 },
    );
  });

  test("is deterministic", () => {
    const first = verifyAnswer("\\sin 2x", "2\\sin x\\cos x");
    expect(verifyAnswer("\\sin 2x", "2\\sin x\\cos x")).toEqual(first);
    expect(first).toEqual({ status: "correct", reason: "equal to the gold answer" });
  });

  test.each([
    ["90^\\circ", "90"],
    ["x=5", "5"],
    ["52_8", "52"],
    ["\\{1,2\\}", "1,2"],
    ["15\\%", "15"],
    ["3:45", "3:45 pm"],
  ])("strict asks for the form: %s, not %s", (gold, prediction) => {
    expect(verifyAnswer(gold, prediction).status).toBe("correct");
    expect(verifyAnswer(gold, prediction, { strict: true }).status).not.toBe("correct");
    expect(verifyAnswer(gold, gold, { strict: true }).status).toBe("correct");
  });
});
