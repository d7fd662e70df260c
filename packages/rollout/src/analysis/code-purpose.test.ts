import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifyCode } from "./code-purpose.js";
import { CODE_PURPOSES, type CodePurpose } from "./purpose-vocabulary.js";

/** Labelled by hand, before the rules ran on them. */
const LABELLED: readonly (readonly [purpose: CodePurpose, code: string, context?: string])[] = [
  ["calculation", "8*9+18"],
  ["calculation", "print(17 * 24 - 3 ** 5)"],
  ["calculation", "eggs = 16 - 3 - 4\nprice = 2\nprint(eggs * price)"],
  ["calculation", 'def total():\n    """for each triangle, verify primes"""\n    return 12 + 30\nprint(total())'],
  ["calculation", "console.log(Math.sqrt(1764)) // check all divisors in a loop"],
  ["calculation", "from math import factorial\nprint(factorial(10))"],
  ["calculation", "problems = 3 * 4\nprint(problems)"],
  ["calculation", "def price():\n    costs = [2, 3]\n    return sum(cost * 2 for cost in costs)\nprice = price()\nprint(price)"],
  ["verification", "x = 7\nprint(x**2 - 5*x == 14)"],
  ["verification", "assert 3 * 14 == 42"],
  ["verification", "print(sum(range(11)))", "The sum should be 55. Let me double-check with code."],
  ["verification", "print(2**10)", "Let me verify this result."],
  ["symbolic algebra", "from sympy import symbols, solve\nx = symbols('x')\nprint(solve(x**2 - 5*x + 6, x))"],
  ["symbolic algebra", "import sympy as sp\nprint(sp.integrate(sp.sin(t), t))"],
  ["number theory", "const gcd = (a, b) => b ? gcd(b, a % b) : a; gcd(84, 36)"],
  ["number theory", "print(sum(d for d in range(1, 361) if 360 % d == 0))"],
  ["number theory", "def is_prime(n):\n    return n > 1 and all(n % i for i in range(2, n))\nprint(is_prime(97))"],
  ["number theory", "let s = 0; for (const digit of String(2 ** 50)) s += Number(digit); s"],
  ["search", "import itertools\nprint([p for p in itertools.permutations(range(4)) if p[0] < p[3]])"],
  [
    "search",
    "count = 0\nfor a in range(1, 20):\n    for b in range(1, 20):\n        if a * b == 60:\n            count += 1\nprint(count)",
  ],
  ["search", "n = 1\nwhile True:\n    if n * n > 500:\n        break\n    n += 1\nprint(n)"],
  ["simulation", "x=2;for(i of range(1,3))x=(x*2+2)%13;x"],
  ["simulation", "a, b = 0, 1\nfor _ in range(30):\n    a, b = b, a + b\nprint(a)"],
  ["probability", "from fractions import Fraction\nprob = Fraction(3, 8) * Fraction(2, 7)\nprint(prob)"],
  ["probability", "import random\nhits = sum(random.random() < 0.3 for _ in range(1000))\nprint(hits)"],
  ["geometry", "import math\narea = math.pi * 5**2\nprint(area)"],
  ["geometry", "Math.hypot(3, 4)"],
  ["optimization", "best = 0\nfor x in range(100):\n    best = max(best, x * (50 - x))\nprint(best)"],
  ["optimization", "from scipy.optimize import minimize\nprint(minimize(f, 0).x)"],
  ["data handling", "words = text.split()\nprint(sorted(words))"],
  ["data handling", "[3, 1, 2].sort().join('')"],
  ["other", "42"],
  ["other", ""],
];

describe("classifyCode", () => {
  test.each(LABELLED.map(([purpose, code, context = ""]) => ({ purpose, code, context })))(
    "$purpose: $code",
    ({ purpose, code, context }) => {
      expect(classifyCode(code, context)).toMatchObject({ purpose });
    },
  );

  test("says what decided", () => {
    expect(classifyCode("print(gcd(12, 18))").evidence).toBe("gcd");
  });

  test("text of any kind has a purpose, soon", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (code, context) => CODE_PURPOSES.includes(classifyCode(code, context).purpose)));
    for (const part of ['"', "'", "`", "/*", "%(", "for ", "a?", "(", "x %", "print(", "//", "\\", " ", '"\\'])
      expect(CODE_PURPOSES).toContain(classifyCode(part.repeat(20_000), part.repeat(20_000)).purpose);
  });
});
