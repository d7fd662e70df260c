import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../src/index.js";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ preload: ["decimal", "fraction", "nerdamer"] });
});
afterAll(() => sandbox.close());

const feedback = async (code: string): Promise<string> => (await sandbox.run(code)).feedback;

describe("known values", () => {
  test.each([
    ["new Fraction(1, 3).add(1, 6)", "1/2"],
    ["new Fraction('0.(142857)')", "1/7"],
    ["range(1, 20).reduce((sum, n) => sum.add(new Fraction(1, n)), new Fraction(0))", "55835135/15519504"], // H_20, OEIS A001008 over A002805
    ["[new Fraction(3, 4), { x: new Fraction(-2) }]", "[ 3/4, { x: -2 } ]"],
    // √2 to 60 digits, OEIS A002193.
    ["Decimal.set({ precision: 60 }); new Decimal(2).sqrt()", "1.41421356237309504880168872420969807856967187537694807317668"],
    ["new Decimal('0.1').plus('0.2')", "0.3"],
    // π and e to 50 digits, OEIS A000796 and A001113.
    ["Decimal.set({ precision: 50 }); Decimal.acos(-1)", "3.1415926535897932384626433832795028841971693993751"],
    ["Decimal.set({ precision: 50 }); Decimal.exp(1)", "2.7182818284590452353602874713526624977572470937"],
    ["nerdamer('diff(x^3, x)').toString()", "'3*x^2'"],
    ["nerdamer.solve('x^2-5*x+6', 'x').toString()", "'[2,3]'"],
    ["nerdamer('expand((x+1)^3)').toString()", "'1+3*x+3*x^2+x^3'"],
    ["[factor(2n ** 67n - 1n), powmod(3, 1000, 1009)]", "[ [ [ 193707721n, 1 ], [ 761838257287n, 1 ] ], 404 ]"], // Cole, 1903
  ])("%s", async (code, expected) => {
    expect(await feedback(code)).toBe(expected);
  });
});

test("nothing is preloaded unless asked for", async () => {
  await using plain = await createSandbox();
  expect((await plain.run("[typeof Fraction, typeof Decimal, typeof nerdamer, typeof module]")).feedback).toBe(
    "[ 'undefined', 'undefined', 'undefined', 'undefined' ]",
  );
});

describe("libraries bring no way out", () => {
  test.each(["Fraction", "Decimal", "nerdamer"])("%s", async (name) => {
    expect(await feedback(`${name}.constructor('return [typeof process, typeof require, typeof module, typeof emit]')()`)).toBe(
      "[ 'undefined', 'undefined', 'undefined', 'undefined' ]",
    );
    expect(await feedback(`const f = ${name}; { let ${name} = 1 } var ${name} = 2; [typeof f, ${name}]`)).toBe("[ 'function', 2 ]");
  });

  test.each([
    ["methods cannot be replaced", "Fraction.prototype.add = () => 7; new Fraction(1).add(2)", "3"],
    ["nor on another", "'use strict'; Decimal.prototype.plus = () => 7", /^TypeError/],
    [
      "a value that lies about itself",
      "Object.assign(new Fraction(1), { n: { toString() { throw 1 } } })",
      "{ s: 1n, n: { toString: [Function: toString] }, d: 1n }",
    ],
    ["a value that never ends", "Object.defineProperty(new Fraction(1), 'n', { get() { for (;;); } })", /timeout: fuel/],
    ["a prototype that is a proxy", "Object.setPrototypeOf(new Decimal(1), new Proxy({}, { get() { throw 1 } })); 1", "1"],
    ["huge numbers", "new Decimal('1e9000000000000000').toFixed().length", /invalid|memory|Error|timeout|RangeError|\d/],
    ["Decimal's random numbers are the seeded ones", "typeof crypto", "'undefined'"],
  ])("%s", async (_name, code, expected) => {
    const result = await sandbox.run(code, { limits: { fuel: 200 } });
    if (typeof expected === "string") expect(result.feedback).toBe(expected);
    else expect(result.feedback).toMatch(expected);
    expect(await feedback("new Fraction(1, 2).add(1, 3)")).toBe("5/6");
  });

  test("settings end with the run", async () => {
    await sandbox.run("Decimal.set({ precision: 5 }); nerdamer.setVar('x', 11); Fraction.REDUCE = false");
    expect(await feedback("[new Decimal(1).div(3), nerdamer('x+x').toString(), Decimal.precision]")).toBe(
      "[ 0.33333333333333333333, '2*x', 20 ]",
    );
  });
});

test("random numbers of a library follow the seed, over workers and processes of the pool", async () => {
  await using other = await createSandbox({ workers: 2, preload: ["fraction", "decimal", "nerdamer"] });
  const code = "[Decimal.random(30), new Fraction(Math.random()), Math.random()]";
  const [first] = await sandbox.runBatch([code], { seed: 4 });
  for (const again of await other.runBatch(
    Array.from({ length: 6 }, () => code),
    { seed: 4 },
  )) {
    expect({ ...again, usage: { ...again.usage, wallMs: 0 } }).toEqual({ ...first, usage: { ...first!.usage, wallMs: 0 } });
  }
  expect((await sandbox.run(code, { seed: 5 })).feedback).not.toBe(first!.feedback);
});

test("sessions, forks and snapshots carry libraries; a sandbox with others refuses the snapshot", async () => {
  const session = await sandbox.open();
  await session.run("const half = new Fraction(1, 2); let total = new Decimal(1)");
  const [fork] = await session.fork(1);
  expect((await fork!.run("[half.mul(half), total.plus(1)]")).feedback).toBe("[ 1/4, 2 ]");
  const from = await session.snapshot();
  await using same = await createSandbox({ preload: ["nerdamer", "fraction", "decimal", "decimal"] });
  expect((await (await same.open({ from })).run("half.add(half)")).feedback).toBe("1");
  await using plain = await createSandbox();
  await expect(plain.open({ from })).rejects.toThrow("that of another");
});

test("an unknown library is refused by name", async () => {
  await expect(createSandbox({ preload: ["lodash" as never] })).rejects.toThrow("fraction, decimal, nerdamer");
});
