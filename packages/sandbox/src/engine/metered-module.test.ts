import { expect, test } from "vitest";
import { webAssembly, type WideGlobal } from "../web-assembly.js";
import { meteredModule, WORK_LEFT } from "./metered-module.js";

/**
 * Written by hand after the specification's binary format: `(import "host" "call" (func))`, a memory, a global, and exports
 * `spin(n)`, a loop of n turns; `fill(n)`, which fills n bytes; `out()`, which calls the import.
 */
const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x08, 0x02, 0x60, 0x00, 0x00, 0x60, 0x01, 0x7f, 0x00], // types: () and (i32)
  ...[0x02, 0x0d, 0x01, 0x04, 0x68, 0x6f, 0x73, 0x74, 0x04, 0x63, 0x61, 0x6c, 0x6c, 0x00, 0x00], // import
  ...[0x03, 0x04, 0x03, 0x01, 0x01, 0x00], // functions: spin, fill, out
  ...[0x05, 0x03, 0x01, 0x00, 0x02], // memory of two pages
  ...[0x06, 0x06, 0x01, 0x7f, 0x01, 0x41, 0x07, 0x0b], // global i32 = 7
  ...[
    0x07, 0x15, 0x03, 0x04, 0x73, 0x70, 0x69, 0x6e, 0x00, 0x01, 0x04, 0x66, 0x69, 0x6c, 0x6c, 0x00, 0x02, 0x03, 0x6f, 0x75, 0x74, 0x00,
    0x03,
  ],
  ...[0x0a, 0x23, 0x03], // code
  ...[0x10, 0x00, 0x03, 0x40, 0x20, 0x00, 0x41, 0x01, 0x6b, 0x22, 0x00, 0x0d, 0x00, 0x0b, 0x01, 0x01, 0x0b], // loop: n -= 1, again while n ≠ 0
  ...[0x0b, 0x00, 0x41, 0x00, 0x41, 0x05, 0x20, 0x00, 0xfc, 0x0b, 0x00, 0x0b], // memory.fill(0, 5, n)
  ...[0x04, 0x00, 0x10, 0x00, 0x0b], // call the import
]);

interface Exports {
  readonly spin: (turns: number) => void;
  readonly fill: (bytes: number) => void;
  readonly out: () => void;
  readonly [WORK_LEFT]: WideGlobal;
}

async function instance(bytes: Uint8Array): Promise<Exports> {
  const module = await webAssembly.compile(bytes);
  return (await webAssembly.instantiate(module, { host: { call: () => undefined } })).exports as unknown as Exports;
}

test("the module that the test meters is one", async () => {
  const { spin, fill, out } = await instance(MODULE);
  spin(3);
  fill(8);
  out();
});

test.each([
  ["a turn of a loop, and the call", 11n, ({ spin }: Exports) => spin(10)],
  ["16 bytes of a bulk instruction", 1n + 4_096n, ({ fill }: Exports) => fill(65_536)],
  ["a call that leaves the module", 1_001n, ({ out }: Exports) => out()],
])("%s cost their work", async (_name, work, run) => {
  const exports = await instance(meteredModule(MODULE));
  exports[WORK_LEFT].value = 1_000_000n;
  run(exports);
  expect(1_000_000n - exports[WORK_LEFT].value).toBe(work);
});

test("the module traps in the middle of a loop when its work is used up, and goes on when it is granted more", async () => {
  const exports = await instance(meteredModule(MODULE));
  exports[WORK_LEFT].value = 1_000n;
  expect(() => exports.spin(1e9)).toThrow("unreachable");
  expect(exports[WORK_LEFT].value).toBe(-1n);
  exports[WORK_LEFT].value = 1_000n;
  exports.spin(5);
  expect(exports[WORK_LEFT].value).toBe(994n);
});

test("an instruction that is not known is refused: its operands could be taken for instructions", () => {
  const strange = MODULE.slice();
  strange[MODULE.length - 3] = 0xfb;
  expect(() => meteredModule(strange)).toThrow("an instruction that is not known, 0xfb");
  expect(() => meteredModule(MODULE.subarray(0, MODULE.length - 20))).toThrow("the module ends too soon");
});
