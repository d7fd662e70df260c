import { afterAll, beforeAll, expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../src/index.js";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox();
});
afterAll(() => sandbox.close());

/** Cells of one session, then the feedback of the last. */
const sessions: readonly (readonly [name: string, cells: readonly string[], feedback: string])[] = [
  ["an expression", ["1+1"], "2"],
  ["a declaration has no value", ["let x = 5"], ""],
  ["a string is quoted", ["'a' + 1"], "'a1'"],
  ["undefined is not shown", ["undefined"], ""],
  ["null is shown", ["null"], "null"],
  ["a log line ends without an extra newline", ["console.log('hi')"], "hi"],
  ["print is console.log", ["print(1, 'a', [2n])"], "1 a [ 2n ]"],
  ["format directives", ["console.log('%s is %d%% of %o', 'x', 50, { a: 1 }, 'rest')"], "x is 50% of { a: 1 } rest"],
  ["output before the value", ["console.log('a'); 'b'"], "a\n'b'"],
  ["stderr after stdout", ["console.error('e'); console.log('o')"], "o\ne"],
  ["let again", ["let a = 1", "let a = 2", "a"], "2"],
  ["let without a value resets", ["let a = 1", "let a", "a"], ""],
  ["const again", ["const a = 1", "const a = 2; a"], "2"],
  ["const over let and function", ["let f = 1", "function f() { return 7 }", "const g = f()", "g"], "7"],
  ["class again", ["class C { m() { return 1 } }", "class C { m() { return 2 } }", "new C().m()"], "2"],
  ["class then a call on the next line", ["class C {}\n(function () { return 3 })()"], "3"],
  ["destructuring", ["let { a, b: [c, ...d], ...e } = { a: 1, b: [2, 3, 4], f: 5 }", "[a, c, d, e]"], "[ 1, 2, [ 3, 4 ], { f: 5 } ]"],
  ["functions live on", ["const add = (x, y) => x + y", "add(2, 3)"], "5"],
  ["closures keep their variable", ["let n = 0; const next = () => ++n", "next(); next()", "n"], "2"],
  ["completion value of a loop", ["let s = 0; for (const i of [1, 2, 3]) s += i"], "6"],
  ["an object literal", ["{ a: 1, b: 2 }"], "{ a: 1, b: 2 }"],
  ["a block", ["{ let q = 1; q + 1 }"], "2"],
  ["an empty cell", [""], ""],
  ["a comment", ["1 + 1 // two"], "2"],
  ["a last expression in parentheses, which awaits", ["let u = await 1; (await Promise.resolve(u + 1))"], "2"],
  ["an object in parentheses after an await", ["await 1;\n({ a: await 2 }) // the end\n;"], "{ a: 2 }"],
  ["a last expression in parentheses, and a semicolon", ["(await 20, 21) ;"], "21"],
  ["top-level await", ["const v = await Promise.resolve(3)\nv * 2"], "6"],
  [
    "awaited declarations live on",
    ["let { p } = await Promise.resolve({ p: 4 }); var q = 1; class D {}\nfunction f() { return p }", "[p, q, f(), new D()]"],
    "[ 4, 1, 4, D {} ]",
  ],
  [
    "var in a block of an awaiting cell",
    ["for (var i = 0; i < 3; i++) { await i; var last = i }\nif (true) var z = 9", "[i, last, z]"],
    "[ 3, 2, 9 ]",
  ],
  ["for await", ["let t = 0; for await (const k of [1, Promise.resolve(2)]) t += k\nt"], "3"],
  ["an async function called last is awaited", ["async function main() { console.log('run'); return 8 }\nmain()"], "run\n8"],
  [
    "timers run in order of time",
    ["setTimeout(() => print('late'), 100); setTimeout(() => print('soon'), 1); print('now')"],
    "now\nsoon\nlate",
  ],
  ["an error keeps what came before it", ["let kept = 1; throw new Error('x')", "kept"], "1"],
  ["the math prelude", ["[gcd(12, 18), isPrime(97), range(1, 3), factor(12)]"], "[ 6, true, [ 1, 2, 3 ], [ [ 2, 2 ], [ 3, 1 ] ] ]"],
  ["names of the prelude may be taken", ["let gcd = 5; function sum() { return 1 }", "gcd + sum()"], "6"],
  ["grouped numbers", ["(1234567.891).toLocaleString()"], "'1,234,567.891'"],
  ["this is the global object", ["this === globalThis"], "true"],
];

test.each(sessions)("%s", async (_name, cells, feedback) => {
  const session = await sandbox.open();
  let last = "";
  for (const cell of cells) last = (await session.run(cell)).feedback;
  expect(last).toBe(feedback);
  await session.close();
});

test.each([
  ["const a = 1\nfoo()", "ReferenceError: 'foo' is not defined (line 2)"],
  ["function f() {\n  null.x\n}\n\nf()", "TypeError: cannot read property 'x' of null (line 2)"],
  ["const data = [3, 1]\ndata.sorted().map(String)", "TypeError: data.sorted is not a function (line 2)"],
  ["let x = ;", "SyntaxError: Unexpected token (line 1)"],
  ["import fs from 'fs'", "SyntaxError: import and export are not available here (line 1)"],
  ["throw 5", "Uncaught 5"],
  ["throw { a: 1 }", "Uncaught { a: 1 }"],
  ["throw new Error()", "Error (line 1)"],
  ["await null\nawait Promise.reject(new RangeError('no'))", "RangeError: no (line 2)"],
  ["setTimeout(() => { throw new Error('in timer') }); 1", "Error: in timer (line 1)"],
  ["queueMicrotask(() => { throw new Error('in job') }); 1", "Error: in job (line 1)"],
  ["await new Promise(() => {})", "Error: the awaited promise never settles"],
  ["console.log('before'); throw new TypeError('after')", "before\nTypeError: after (line 1)"],
  ["class MyError extends Error { name = 'MyError' }\nthrow new MyError('mine')", "MyError: mine (line 2)"],
])("%j reports its error in one line", async (code, feedback) => {
  const result = await sandbox.run(code);
  expect(result.status).toBe("error");
  expect(result.feedback).toBe(feedback);
});

test("an error carries its place as data", async () => {
  const result = await sandbox.run("let x = 1;\nlet y = )");
  expect(result).toMatchObject({ status: "error", error: { name: "SyntaxError", line: 2, column: 9 } });
});
